import { AppError } from "@pixelmesh/errors";
import { FetchError, type FetchSettings, readUrl, type UrlContent } from "@pixelmesh/guarded-fetch";
import type { Upload } from "@pixelmesh/proto";
import { type ByteShare, collectBytes } from "@pixelmesh/rpc";
import { createGate } from "../admission/create-gate.ts";

/** Reads pictures from the addresses that callers name. */
export type SourceReader = {
  /**
   * Returns the bytes at the upload's `source_url`, charged to `share` as they arrive. Throws URL_NOT_ALLOWED, SOURCE_FETCH_FAILED,
   * IMAGE_TOO_MANY_BYTES, QUEUE_FULL, and the signal's reason.
   */
  read(upload: Upload, call: SourceCall): Promise<Uint8Array>;
};

/** The call that names an address. */
export type SourceCall = { readonly tenant: string; readonly signal: AbortSignal; readonly share: ByteShare };

/** Dependencies of `createSourceReader`. */
export type SourceReaderParts = {
  readonly settings: FetchSettings;
  readonly userAgent: string;
  readonly maxBytes: number;
  /** Longest time for one picture, redirects included, in milliseconds. */
  readonly timeoutMs: number;
};

/** Addresses that one replica reads at once, at most half of them for one tenant. */
const maxReads = 64;
/** Object stores send this type for files that were stored without one: S3 `binary/octet-stream`, others the one of RFC 9110, or none. */
const untypedMedia: ReadonlySet<string> = new Set(["", "application/octet-stream", "binary/octet-stream"]);

/** Creates a reader. */
export function createSourceReader({ settings, userAgent, maxBytes, timeoutMs }: SourceReaderParts): SourceReader {
  const gate = createGate(
    maxReads,
    () => {},
    (reads) => `reads ${reads} pictures from addresses`,
  );

  async function collect({ body, sizeBytes, mediaType }: UrlContent, share: ByteShare): Promise<Uint8Array> {
    if (!mediaType.startsWith("image/") && !untypedMedia.has(mediaType))
      throw new FetchError(`it sent \`${mediaType.replace(/[^!-~]/g, "").slice(0, 64)}\``);
    if (sizeBytes > maxBytes)
      throw new AppError("IMAGE_TOO_MANY_BYTES", `Expected at most ${maxBytes} bytes, got ${sizeBytes}`);
    const bytes = await collectBytes(body, { maxBytes, share, sizeBytes });
    if (bytes.length === 0) throw new FetchError("it sent no bytes");
    return bytes;
  }

  async function read(sourceUrl: string, share: ByteShare, signal: AbortSignal): Promise<Uint8Array> {
    const content = await readUrl(settings, sourceUrl, { userAgent, signal });
    try {
      return await collect(content, share);
    } finally {
      await content.close();
    }
  }

  return {
    async read({ name, sourceUrl }, { tenant, signal, share }) {
      const leave = gate.enter(tenant);
      const limit = AbortSignal.timeout(timeoutMs);
      try {
        return await read(sourceUrl, share, AbortSignal.any([signal, limit]));
      } catch (error) {
        signal.throwIfAborted();
        const isLate = limit.aborted && error === limit.reason;
        const why = isLate
          ? `it took longer than ${timeoutMs / 1_000} s`
          : error instanceof FetchError && error.message;
        if (!why) throw error;
        const message = `Expected the server of the \`source_url\` of picture \`${name}\` to send a picture: ${why}`;
        throw new AppError("SOURCE_FETCH_FAILED", message, { cause: error });
      } finally {
        leave();
      }
    },
  };
}
