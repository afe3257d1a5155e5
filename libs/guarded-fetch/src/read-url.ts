import { describeBody } from "./call-url.ts";
import { FetchError } from "./fetch-error.ts";
import { assertIdentity, type FetchSettings, type GuardedResponse, headerOf, sendRequest } from "./send-request.ts";

/** An answer with status 200. `close` must be called. */
export type UrlContent = Pick<GuardedResponse, "body" | "close"> & {
  /** Announced length in bytes; 0 if it is not announced. */
  readonly sizeBytes: number;
  /** The media type without parameters, in lower case; empty if the server names none. */
  readonly mediaType: string;
};

/** Options of `readUrl`. */
export type ReadUrlOptions = {
  readonly userAgent: string;
  readonly signal: AbortSignal;
};

const maxRedirects = 3;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/**
 * Reads an address with GET and follows at most 3 redirects, each of which is checked like the first address; none may lead from https to http.
 * Throws INVALID_ARGUMENT and URL_NOT_ALLOWED as the guard does, FetchError for any other failure, and the signal's reason.
 */
export async function readUrl(
  settings: FetchSettings,
  address: string,
  { userAgent, signal }: ReadUrlOptions,
): Promise<UrlContent> {
  let url = settings.guard.check(address);
  for (let redirects = 0; ; redirects++) {
    const headers = { "user-agent": userAgent, accept: "*/*" };
    const response = await sendRequest(settings, { method: "GET", url, headers, signal });
    try {
      if (!redirectStatuses.has(response.status)) return toContent(response);
      if (redirects === maxRedirects) throw new FetchError(`more than ${maxRedirects} redirects`);
      url = nextUrl(settings, url, headerOf(response, "location"));
    } catch (error) {
      await response.close();
      throw error;
    }
    await response.close();
  }
}

function nextUrl({ guard }: FetchSettings, url: URL, location: string | undefined): URL {
  const target = location === undefined ? null : URL.parse(location, url.href);
  if (target === null) throw new FetchError("its redirect names no address");
  const next = guard.check(target.href);
  if (url.protocol === "https:" && next.protocol !== "https:") throw new FetchError("its redirect leaves https");
  return next;
}

function toContent(response: GuardedResponse): UrlContent {
  const { status, body, close } = response;
  if (status !== 200) throw new FetchError(`its server answered with status ${status}`);
  assertIdentity(response);
  return { ...describeBody(response), body, close };
}
