import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { FetchError, type FetchSettings, readUrl, type UrlContent } from "@pixelmesh/guarded-fetch";
import { type ByteBudget, collectBytes } from "@pixelmesh/rpc";
import { providerFailure } from "../providers/provider-failure.ts";
import { readEvents } from "./read-events.ts";

/** Where the results of a provider are read. */
export type ResultSource = {
  /** The provider's name. */
  readonly provider: string;
  /**
   * Reads an address: the bytes of a file, or the texts of an event stream. Throws OUTPUT_TOO_LARGE above `maxBytes`, URL_NOT_ALLOWED for a host that the manifest
   * does not list, PROVIDER_FAILED, and the signal's reason.
   */
  read(address: string, maxBytes: number, signal: AbortSignal): Promise<FetchedResult>;
  /** Collects the bytes of a stream. Throws OUTPUT_TOO_LARGE above `maxBytes`. */
  collect(stream: AsyncIterable<Uint8Array>, maxBytes: number, sizeBytes?: number): Promise<Uint8Array>;
  /** Reads a file of at most `maxBytes`; undefined where that fails. Throws the signal's reason. */
  tryRead(address: string, maxBytes: number, signal: AbortSignal): Promise<Uint8Array | undefined>;
};

/** What an address has. */
export type FetchedResult =
  | { readonly kind: "file"; readonly bytes: Uint8Array }
  | { readonly kind: "events"; readonly texts: readonly string[] };

/** Dependencies of `createResultSource`. */
export type ResultSourceParts = {
  readonly provider: string;
  readonly settings: FetchSettings;
  readonly userAgent: string;
  readonly answers: ByteBudget;
  readonly random: () => number;
};

const maxTries = 3;
const firstPauseMs = 200;
/** For one address, redirects included. */
const timeoutMs = 60_000;

/**
 * Creates the source of a provider's results. No token is sent. A read that fails on the way is repeated twice: the result is paid for already.
 */
export function createResultSource({
  provider,
  settings,
  userAgent,
  answers,
  random,
}: ResultSourceParts): ResultSource {
  async function collect(stream: AsyncIterable<Uint8Array>, maxBytes: number, sizeBytes = 0): Promise<Uint8Array> {
    if (sizeBytes > maxBytes) throw tooLarge(provider, maxBytes);
    const share = answers.open();
    try {
      return await collectBytes(stream, { maxBytes, share, sizeBytes, reason: "OUTPUT_TOO_LARGE" });
    } catch (error) {
      throw error instanceof AppError && error.reason === "OUTPUT_TOO_LARGE" ? tooLarge(provider, maxBytes) : error;
    } finally {
      share.release();
    }
  }

  async function toResult({ mediaType, body, sizeBytes }: UrlContent, maxBytes: number): Promise<FetchedResult> {
    if (mediaType === "text/event-stream") return { kind: "events", texts: await readEvents(provider, body, maxBytes) };
    return { kind: "file", bytes: await collect(body, maxBytes, sizeBytes) };
  }

  async function tryOnce(address: string, maxBytes: number, signal: AbortSignal): Promise<FetchedResult> {
    const limit = AbortSignal.timeout(timeoutMs);
    try {
      const content = await readUrl(settings, address, { userAgent, signal: AbortSignal.any([signal, limit]) });
      try {
        return await toResult(content, maxBytes);
      } finally {
        await content.close();
      }
    } catch (error) {
      signal.throwIfAborted();
      if (limit.aborted && error === limit.reason) throw new FetchError(`it took longer than ${timeoutMs / 1_000} s`);
      throw error;
    }
  }

  async function read(address: string, maxBytes: number, signal: AbortSignal): Promise<FetchedResult> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await tryOnce(address, maxBytes, signal);
      } catch (error) {
        if (!(error instanceof FetchError)) throw explain(error, provider, address);
        if (tries === maxTries)
          throw providerFailure(
            "PROVIDER_FAILED",
            provider,
            `does not give its result at \`${toHost(address)}\`: ${error.message}`,
            { cause: error },
          );
      }
      await sleep(firstPauseMs * 2 ** tries * (0.5 + random()), undefined, { signal }).catch(() =>
        signal.throwIfAborted(),
      );
    }
  }

  return {
    provider,
    read,
    collect,
    async tryRead(address, maxBytes, signal) {
      try {
        const result = await tryOnce(address, maxBytes, signal);
        return result.kind === "file" ? result.bytes : undefined;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof AppError || error instanceof FetchError) return undefined;
        throw error;
      }
    },
  };
}

function tooLarge(provider: string, maxBytes: number): AppError {
  return new AppError(
    "OUTPUT_TOO_LARGE",
    `Expected a result of the provider \`${provider}\` of at most ${maxBytes} bytes, got more`,
    {
      metadata: { provider, limit: `${maxBytes}` },
    },
  );
}

/** Says which host is to be listed, where the guard refuses it. */
function explain(error: unknown, provider: string, address: string): unknown {
  if (!(error instanceof AppError)) return error;
  if (error.reason === "INVALID_ARGUMENT")
    return providerFailure("PROVIDER_FAILED", provider, "answered with an address that is none", { cause: error });
  if (error.reason !== "URL_NOT_ALLOWED") return error;
  const text = `The result of the provider \`${provider}\` is at \`${toHost(address)}\`, or redirected from there, and may not be read. ${error.message}. The operator can list the host in \`resultHosts\` of the manifest`;
  return new AppError("URL_NOT_ALLOWED", text, { metadata: { provider }, cause: error });
}

function toHost(address: string): string {
  return URL.parse(address)?.host.slice(0, 100) ?? "an address that is none";
}
