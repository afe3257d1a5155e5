import { setTimeout as sleep } from "node:timers/promises";
import type { ColdRange } from "../../domain/cold-store.ts";
import { toBackoffMs } from "./retry-budget.ts";
import { toKey } from "./s3-address.ts";
import { callS3, type S3Parts } from "./s3-call.ts";
import { codeOf, isMissing, statusOf, tooSlow, toS3Error } from "./s3-errors.ts";

/** Answer to a GET: its chunks, the position behind its last byte, and the version of the object. */
type Body = {
  readonly chunks: AsyncIterator<Uint8Array> & { destroy(): void };
  readonly endBytes: number;
  readonly etag?: string;
};

/**
 * Opens an object or a range of it; undefined if it is not stored. The iterable goes on after a broken connection from the byte where it broke, as long
 * as the retry budget allows, and throws AppError otherwise.
 */
export async function readObject(
  parts: S3Parts,
  sha256: string,
  range: ColdRange | undefined,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array> | undefined> {
  const fromBytes = range?.offsetBytes ?? 0;
  const endBytes = range && fromBytes + range.lengthBytes;
  const first = await getFrom(parts, sha256, { fromBytes, endBytes }, signal);
  return first && resuming(parts, sha256, fromBytes, first, signal);
}

type Wanted = { readonly fromBytes: number; readonly endBytes: number | undefined; readonly etag?: string | undefined };

async function getFrom(
  parts: S3Parts,
  sha256: string,
  wanted: Wanted,
  signal: AbortSignal | undefined,
): Promise<Body | undefined> {
  const { sdk, client, address } = parts;
  const { fromBytes, endBytes, etag } = wanted;
  const isWhole = fromBytes === 0 && endBytes === undefined;
  const command = new sdk.GetObjectCommand({
    Bucket: address.bucket,
    Key: toKey(address, sha256),
    ...(isWhole ? {} : { Range: `bytes=${fromBytes}-${endBytes === undefined ? "" : endBytes - 1}` }),
    ...(etag === undefined ? {} : { IfMatch: etag }),
  });
  // The signal of the call ends with it: the body has waits of its own.
  const stop = new AbortController();
  const found = await callS3(parts, "the beginning of a read", signal, async (options) => {
    const onAbort = () => stop.abort(options.abortSignal.reason);
    options.abortSignal.addEventListener("abort", onAbort, { once: true });
    try {
      return await client.send(command, { ...options, abortSignal: stop.signal });
    } catch (error) {
      if (isMissing(error)) return undefined;
      // Shorter than it should be: the caller sees that bytes are missing.
      if (statusOf(error) === 416) return "behind the end" as const;
      throw error;
    } finally {
      options.abortSignal.removeEventListener("abort", onAbort);
    }
  });
  if (found === undefined) return undefined;
  if (found === "behind the end") return { chunks: emptyBody(), endBytes: fromBytes };
  const stream = found.Body as unknown as AsyncIterable<Uint8Array> & { destroy(): void };
  const iterator = stream[Symbol.asyncIterator]();
  const chunks = Object.assign(iterator, { destroy: () => stream.destroy() });
  return {
    chunks,
    endBytes: fromBytes + (found.ContentLength ?? 0),
    ...(found.ETag === undefined ? {} : { etag: found.ETag }),
  };
}

function emptyBody(): Body["chunks"] {
  return { next: async () => ({ done: true, value: undefined }), destroy() {} };
}

async function* resuming(
  parts: S3Parts,
  sha256: string,
  fromBytes: number,
  first: Body,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array> {
  const { settings, address, budget } = parts;
  const { endBytes, etag } = first;
  let body = first;
  let atBytes = fromBytes;
  let waitedMs = 0;
  let breaks = 0;
  try {
    while (atBytes < endBytes) {
      const startedMs = performance.now();
      try {
        const step = await nextWithin(body.chunks, settings.s3StallMs, signal);
        if (step.done) throw Object.assign(new Error("the answer ended early"), { code: "ECONNRESET" });
        atBytes += step.value.byteLength;
        breaks = 0;
        waitedMs += performance.now() - startedMs;
        yield step.value;
      } catch (error) {
        signal?.throwIfAborted();
        body.chunks.destroy();
        breaks += 1;
        waitedMs += performance.now() - startedMs;
        if (waitedMs > settings.s3WholeMs) throw tooSlow("the waits of a read", settings.s3WholeMs, address, error);
        if (breaks >= settings.s3Attempts || !budget.take()) throw toReadError(error, parts);
        await sleep(toBackoffMs(breaks), undefined, { signal }).catch(() => signal?.throwIfAborted());
        const again = await getFrom(parts, sha256, { fromBytes: atBytes, endBytes, etag }, signal);
        if (again === undefined) throw toReadError(error, parts);
        body = again;
      }
    }
  } finally {
    body.chunks.destroy();
  }
}

const stalled = Symbol("stalled");

async function nextWithin(
  chunks: AsyncIterator<Uint8Array>,
  stallMs: number,
  signal: AbortSignal | undefined,
): Promise<IteratorResult<Uint8Array>> {
  const { promise, resolve, reject } = Promise.withResolvers<typeof stalled>();
  const timer = setTimeout(() => resolve(stalled), stallMs);
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    signal?.throwIfAborted();
    const next = chunks.next();
    next.catch(() => {});
    const step = await Promise.race([next, promise]);
    if (step === stalled) throw Object.assign(new Error(`no byte came for ${stallMs} ms`), { code: "Stalled" });
    return step;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", onAbort);
  }
}

function toReadError(error: unknown, { address, settings }: S3Parts) {
  return codeOf(error) === "Stalled"
    ? tooSlow("the next chunk of a read", settings.s3StallMs, address, error)
    : toS3Error(error, address);
}
