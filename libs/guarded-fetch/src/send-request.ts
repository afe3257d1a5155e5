import { AppError } from "@pixelmesh/errors";
import { Client, type Dispatcher } from "undici";
import { FetchError, toFetchError } from "./fetch-error.ts";
import { createGuardedConnect } from "./guarded-connect.ts";
import type { LookupHost } from "./lookup-host.ts";
import type { UrlGuard } from "./url-guard.ts";

/** Longest times of one request, in milliseconds. */
export type FetchTimeouts = {
  /** For lookup, connection and TLS handshake. */
  readonly connectMs: number;
  /** From the request to the header of the answer. */
  readonly firstByteMs: number;
  /** Between two chunks of the answer. */
  readonly stallMs: number;
};

/** What every request of one kind has in common. */
export type FetchSettings = {
  readonly guard: UrlGuard;
  readonly timeouts: FetchTimeouts;
  readonly lookup: LookupHost;
  /** CA certificates (PEM) in place of Node's own. */
  readonly ca?: string;
};

/** One request. Its address was checked by the guard. */
export type GuardedRequest = {
  readonly method: "GET" | "POST" | "PUT" | "DELETE";
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  readonly signal: AbortSignal;
};

/** An answer. `close` ends its connection and must be called. */
export type GuardedResponse = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Chunks as they arrive. Throws FetchError, also for an answer that ends early, and the signal's reason. */
  readonly body: AsyncIterable<Uint8Array>;
  close(): Promise<void>;
};

const maxHeaderBytes = 16 * 1024;

/**
 * Sends one request over a connection of its own, and follows no redirect. It uses no proxy, cookies or credentials, and asks for an answer that is
 * not compressed. Throws URL_NOT_ALLOWED if an address of the host is not allowed, FetchError if the request fails, and the signal's reason.
 */
export async function sendRequest(settings: FetchSettings, request: GuardedRequest): Promise<GuardedResponse> {
  const { guard, timeouts, lookup, ca } = settings;
  const { method, url, headers, body, signal } = request;
  signal.throwIfAborted();
  // A connection ends with its request, also while it is being made.
  const ending = new AbortController();
  let isConnected = false;
  const guardedConnect = createGuardedConnect(url, {
    guard,
    lookup,
    timeoutMs: timeouts.connectMs,
    signal: AbortSignal.any([signal, ending.signal]),
    ...(ca === undefined ? {} : { ca }),
  });
  const client = new Client(url.origin, {
    connect: (target, callback) =>
      guardedConnect(target, (...result) => {
        isConnected = result[0] === null;
        callback(...result);
      }),
    maxHeaderSize: maxHeaderBytes,
    headersTimeout: timeouts.firstByteMs,
    bodyTimeout: timeouts.stallMs,
    pipelining: 1,
    allowH2: false,
  });
  const close = async () => {
    ending.abort();
    await client.destroy();
  };

  function explain(error: unknown): unknown {
    if (signal.aborted) return signal.reason;
    return error instanceof AppError ? error : toFetchError(error, !isConnected);
  }

  async function* read(chunks: Dispatcher.ResponseData["body"]): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of chunks) yield chunk as Uint8Array;
    } catch (error) {
      throw explain(error);
    }
  }

  try {
    const response = await client.request({
      method,
      path: `${url.pathname}${url.search}`,
      headers: { "accept-encoding": "identity", ...headers },
      body: body ?? null,
      reset: true,
      signal,
    });
    return { status: response.statusCode, headers: response.headers, body: read(response.body), close };
  } catch (error) {
    await close();
    throw explain(error);
  }
}

/** Returns the value of a header; the first one of several. */
export function headerOf({ headers }: Pick<GuardedResponse, "headers">, name: string): string | undefined {
  const value = headers[name];
  return typeof value === "string" ? value : value?.[0];
}

/** Throws FetchError unless the body of an answer is sent as it is: a compressed one may be many times as long. */
export function assertIdentity(response: Pick<GuardedResponse, "headers">): void {
  const encoding = headerOf(response, "content-encoding") ?? "identity";
  if (encoding !== "identity") throw new FetchError("its answer is compressed, although it was asked not to be");
}
