import type { Env } from "@pixelmesh/config";
import { AppError, expected } from "@pixelmesh/errors";
import { EnvHttpProxyAgent, fetch, type Response } from "undici";
import { toPublicText } from "./sources/source.ts";

/** An HTTP client that follows redirects. */
export type HttpClient = {
  readonly get: (url: URL, headers: Readonly<Record<string, string>>, signal: AbortSignal) => Promise<Response>;
  readonly close: () => Promise<void>;
};

/** Timeouts, in ms. */
export type HttpLimits = {
  readonly connectMs: number;
  /** From the request to the header of the response. */
  readonly responseMs: number;
  /** Between two chunks of the body. */
  readonly stallMs: number;
};

/** Timeouts for connections of any speed. */
export const defaultHttpLimits: HttpLimits = { connectMs: 15_000, responseMs: 30_000, stallMs: 30_000 };

/**
 * Creates a client that uses the proxies of the environment: HTTP_PROXY, HTTPS_PROXY and NO_PROXY, in lower case first, then in
 * upper case. Throws INVALID_ARGUMENT for a proxy that is not an address.
 */
export function createHttpClient(env: Env, limits: HttpLimits = defaultHttpLimits): HttpClient {
  // Empty instead of absent: an absent option would be read from this process's own environment.
  const proxies = {
    httpProxy: env.http_proxy ?? env.HTTP_PROXY ?? "",
    httpsProxy: env.https_proxy ?? env.HTTPS_PROXY ?? "",
    noProxy: env.no_proxy ?? env.NO_PROXY ?? "",
  };
  for (const [name, text] of [
    ["HTTP_PROXY", proxies.httpProxy],
    ["HTTPS_PROXY", proxies.httpsProxy],
  ] as const) {
    // The text is not shown, because a proxy's address may contain a password.
    if (text !== "" && !/^https?:$/.test(URL.parse(text)?.protocol ?? ""))
      throw expected(name, "an address such as http://proxy:3128", "…");
  }
  const dispatcher = new EnvHttpProxyAgent({
    ...proxies,
    connect: { timeout: limits.connectMs },
    headersTimeout: limits.responseMs,
    bodyTimeout: limits.stallMs,
  });
  return {
    get: (url, headers, signal) => {
      const { bare, authorization } = splitCredentials(url);
      return fetch(bare, { dispatcher, headers: { ...headers, ...authorization }, signal, redirect: "follow" });
    },
    close: () => dispatcher.destroy(),
  };
}

/** `fetch` refuses an address with a user in it. */
function splitCredentials(url: URL): { bare: URL; authorization: Record<string, string> } {
  if (url.username === "" && url.password === "") return { bare: url, authorization: {} };
  const bare = new URL(url);
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`;
  bare.username = "";
  bare.password = "";
  return { bare, authorization: { authorization: `Basic ${Buffer.from(user).toString("base64")}` } };
}

/** Throws MODEL_UNAVAILABLE if an encrypted address led to one without encryption. */
export function assertEncrypted(url: URL, response: Response): void {
  if (url.protocol !== "https:" || new URL(response.url).protocol === "https:") return;
  throw new AppError("MODEL_UNAVAILABLE", `${toPublicText(url)} leads to an address without encryption`);
}

/** Returns the message of the innermost cause, because that of fetch itself is only "fetch failed". */
export function toInnermostText(error: unknown): string {
  const { cause, message } = error instanceof Error ? error : { cause: undefined, message: String(error) };
  return cause instanceof Error ? toInnermostText(cause) : message;
}
