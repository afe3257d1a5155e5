import { createHash } from "node:crypto";
import { AppError } from "@pixelmesh/errors";
import { createBackoff } from "../client/backoff.ts";

/** Bytes with a header that tells their digest and the length of the whole. */
export type Resumable<Header> = {
  readonly header: Header;
  readonly chunks: AsyncGenerator<Uint8Array, void, undefined>;
};

/** How bytes are read, and for how long after an interruption. */
export type ResumeOptions = {
  /** Named in failures. */
  readonly name: string;
  /** Default 0. The digest is compared from 0 only. */
  readonly offsetBytes?: number;
  /** Time without a byte after which an interruption is thrown, in milliseconds. */
  readonly retryTimeoutMs: number;
  /** Time for the whole, in milliseconds. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
  /** Whether the first opening is repeated too. Default true. */
  readonly retriesOpening?: boolean;
};

/** Opens a stream from `offsetBytes` on, which has `leftMs` for all of it. */
type Open<Header> = (offsetBytes: number, leftMs: number) => Promise<Resumable<Header>>;

/** A connection that breaks more often is of no use. */
const maxInterruptions = 100;

/**
 * Opens a stream of bytes that goes on at the last received byte when it breaks off. Resolves with its header once it is open. Interruptions that a repetition
 * may cure are repeated with waits, at most 100 times and within the times of `options`; others are thrown. Throws BLOB_CORRUPT if length or digest are not
 * those of the header, before the last chunk is yielded, or if the bytes have changed in between.
 */
export async function openResumable<Header extends { readonly sha256: string; readonly sizeBytes: number }>(
  open: Open<Header>,
  { name, offsetBytes = 0, retryTimeoutMs, timeoutMs, signal, retriesOpening = true }: ResumeOptions,
): Promise<Resumable<Header>> {
  const untilMs = performance.now() + timeoutMs;
  const backoff = createBackoff(retryTimeoutMs);
  let interruptions = 0;
  /** Waits before the next try. Throws the interruption if there is none. */
  async function pause(error: unknown): Promise<void> {
    interruptions += 1;
    if (interruptions > maxInterruptions || performance.now() >= untilMs) throw error;
    await backoff.wait(error, signal);
  }
  const openAt = (at: number) => open(at, Math.max(1, untilMs - performance.now()));
  async function openFirst(): Promise<Resumable<Header>> {
    for (;;) {
      try {
        return await openAt(offsetBytes);
      } catch (error) {
        if (!retriesOpening) throw error;
        await pause(error);
      }
    }
  }

  const first = await openFirst();
  const { sha256, sizeBytes } = first.header;
  const corrupt = () => new AppError("BLOB_CORRUPT", `${name} arrived with other bytes than its header announces`);

  async function* read(): Resumable<Header>["chunks"] {
    const hash = offsetBytes === 0 ? createHash("sha256") : undefined;
    let at = offsetBytes;
    let isChecked = false;
    const check = () => {
      if (at !== sizeBytes || (hash && hash.digest("hex") !== sha256)) throw corrupt();
      isChecked = true;
    };
    for (let opened: Resumable<Header> | undefined = first; ; opened = undefined) {
      try {
        opened ??= await openAt(at);
        if (opened.header.sha256 !== sha256 || opened.header.sizeBytes !== sizeBytes) throw corrupt();
        for await (const chunk of opened.chunks) {
          if (chunk.length === 0) continue;
          at += chunk.length;
          hash?.update(chunk);
          // Before the last bytes are passed on, so that a reader that counts them never has the whole of wrong ones.
          if (at >= sizeBytes) check();
          backoff.reset();
          yield chunk;
        }
        break;
      } catch (error) {
        // All bytes have arrived; only the end of the call was lost.
        if (isChecked && at === sizeBytes) break;
        await pause(error);
      } finally {
        await opened?.chunks.return().catch(() => {});
      }
    }
    if (!isChecked) check();
  }
  return { header: first.header, chunks: read() };
}
