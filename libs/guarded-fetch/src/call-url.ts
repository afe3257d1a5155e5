import { assertIdentity, type FetchSettings, type GuardedRequest, headerOf, sendRequest } from "./send-request.ts";

/** An answer of any status. `close` ends its connection and must be called. */
export type UrlAnswer = {
  readonly status: number;
  /** Announced length in bytes; 0 if it is not announced. */
  readonly sizeBytes: number;
  /** The media type without parameters, in lower case; empty if the server names none. */
  readonly mediaType: string;
  /** Value of a header, by its name in lower case; the first one of several. */
  header(name: string): string | undefined;
  /** Chunks as they arrive. Throws FetchError, also for an answer that ends early, and the signal's reason. */
  readonly body: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
};

/** A request to an API. */
export type CallRequest = Omit<GuardedRequest, "url">;

/**
 * Sends one request, with the headers and body that it names, and gives the answer of any status. Follows no redirect, so credentials go to no other address. Throws
 * INVALID_ARGUMENT and URL_NOT_ALLOWED as the guard does, FetchError for any other failure, and the signal's reason.
 */
export async function callUrl(settings: FetchSettings, address: string, request: CallRequest): Promise<UrlAnswer> {
  const response = await sendRequest(settings, { ...request, url: settings.guard.check(address) });
  try {
    assertIdentity(response);
  } catch (error) {
    await response.close();
    throw error;
  }
  const { status, body, close } = response;
  return { status, ...describeBody(response), header: (name) => headerOf(response, name), body, close };
}

/** Announced length and media type of an answer. */
export function describeBody(response: Parameters<typeof headerOf>[0]): Pick<UrlAnswer, "sizeBytes" | "mediaType"> {
  const size = headerOf(response, "content-length") ?? "";
  const mediaType = (headerOf(response, "content-type") ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return { sizeBytes: /^\d{1,15}$/.test(size) ? Number(size) : 0, mediaType };
}
