import { type FetchSettings, headerOf, sendRequest } from "./send-request.ts";

/** The answer to a POST request, without its body. */
export type PostAnswer = {
  readonly status: number;
  /** Value of the header `Retry-After`. */
  readonly retryAfter: string | undefined;
};

/** A POST request. */
export type PostRequest = {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  readonly signal: AbortSignal;
};

/**
 * Sends a POST request. Follows no redirect and does not read the body of the answer. Throws INVALID_ARGUMENT and URL_NOT_ALLOWED as the
 * guard does, FetchError for any other failure, and the signal's reason.
 */
export async function postToUrl(settings: FetchSettings, address: string, request: PostRequest): Promise<PostAnswer> {
  const url = settings.guard.check(address);
  const response = await sendRequest(settings, { method: "POST", url, ...request });
  await response.close();
  return { status: response.status, retryAfter: headerOf(response, "retry-after") };
}
