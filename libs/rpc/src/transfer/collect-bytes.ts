import { AppError, type Reason } from "@pixelmesh/errors";
import type { ByteShare } from "../limits/byte-budget.ts";

/** Charged for each upload besides its bytes: stream, buffers of HTTP/2, handler. */
export const uploadOverheadBytes = 16 * 1024;
const firstBytes = 64 * 1024;
/** Most bytes of the message around a chunk. */
const messageBytes = 64;
const doublingBytes = 1024 * 1024;
/** Smallest chunk that `coalesceChunks` yields, except the last one. */
const blockBytes = 256 * 1024;

/** Options of `collectBytes`. */
export type CollectOptions = {
  /** More bytes throw `reason`. */
  readonly maxBytes: number;
  /** Charged with the allocated memory, which may exceed the received bytes. The caller releases it. */
  readonly share: ByteShare;
  /** Default IMAGE_TOO_MANY_BYTES. */
  readonly reason?: Reason;
  /** The announced length, which need not be true; 0: none. */
  readonly sizeBytes?: number;
};

/**
 * Collects all chunks in one array. Copies each chunk, so that the message around a small chunk is not kept. A single chunk that fills
 * its buffer is returned as it is: the caller may free that buffer. The array lies in a buffer of its own, which may be longer. Throws `reason` above
 * `maxBytes`, and QUEUE_FULL if the share cannot grow.
 */
export async function collectBytes(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, share, reason = "IMAGE_TOO_MANY_BYTES", sizeBytes = 0 }: CollectOptions,
): Promise<Uint8Array> {
  const buffer = createGrowingBuffer(share, Math.min(maxBytes, sizeBytes));
  share.grow(uploadOverheadBytes);
  let only: Uint8Array | undefined;
  for await (const chunk of chunks) {
    if (chunk.length === 0) continue;
    if (buffer.length + (only?.length ?? 0) + chunk.length > maxBytes)
      throw new AppError(reason, `Expected at most ${maxBytes} bytes, got more`);
    if (only === undefined && buffer.length === 0 && fillsItsBuffer(chunk)) {
      share.grow(chunk.buffer.byteLength);
      only = chunk;
      continue;
    }
    if (only !== undefined) {
      buffer.append(only);
      share.shrink(only.buffer.byteLength);
      only = undefined;
    }
    buffer.append(chunk);
  }
  return only ?? buffer.bytes();
}

/** Whether a chunk is all of its buffer but for the few bytes of a message around it. */
function fillsItsBuffer({ buffer, length }: Uint8Array): boolean {
  return length >= firstBytes && buffer.byteLength - length <= messageBytes;
}

/**
 * Yields the same bytes in chunks of at least 256 KiB, except for the last one. Joins small chunks and leaves out empty ones. Holds at
 * most one such chunk, charged to `share`; the caller releases it.
 */
export async function* coalesceChunks(
  chunks: AsyncIterable<Uint8Array>,
  share: ByteShare,
): AsyncGenerator<Uint8Array, void, undefined> {
  share.grow(uploadOverheadBytes);
  let buffer = createGrowingBuffer(share, blockBytes);
  function* flush() {
    if (buffer.length === 0) return;
    yield buffer.bytes();
    buffer.release();
    buffer = createGrowingBuffer(share, blockBytes);
  }
  for await (const chunk of chunks) {
    if (chunk.length >= blockBytes) {
      yield* flush();
      yield chunk;
      continue;
    }
    if (buffer.length + chunk.length > blockBytes) yield* flush();
    buffer.append(chunk);
  }
  yield* flush();
}

/**
 * Creates a growing buffer. Its capacity becomes `likelyBytes` once a quarter of them has arrived, so that the last copy is small. A
 * false announcement costs at most four times the received bytes.
 */
function createGrowingBuffer(share: ByteShare, likelyBytes: number) {
  let memory: Buffer = Buffer.alloc(0);
  let length = 0;
  function reserve(neededBytes: number): void {
    if (neededBytes <= memory.length) return;
    const stepBytes = Math.ceil(memory.length * (memory.length < doublingBytes ? 2 : 1.5));
    const isLikely = neededBytes <= likelyBytes && neededBytes >= likelyBytes / 4;
    const capacity = isLikely ? likelyBytes : Math.max(neededBytes, stepBytes, Math.min(firstBytes, likelyBytes));
    share.grow(capacity);
    // Not from Node's pool: a part of it would keep the whole pool alive.
    const larger = Buffer.allocUnsafeSlow(capacity);
    memory.copy(larger, 0, 0, length);
    share.shrink(memory.length);
    memory = larger;
  }
  return {
    get length() {
      return length;
    },
    append(chunk: Uint8Array): void {
      if (chunk.length === 0) return;
      reserve(length + chunk.length);
      memory.set(chunk, length);
      length += chunk.length;
    },
    bytes: (): Uint8Array => memory.subarray(0, length),
    release: () => share.shrink(memory.length),
  };
}
