import { AppError, type Reason } from "@pixelmesh/errors";
import type { ByteShare } from "./byte-budget.ts";

/** Charged for each upload besides its bytes: its stream, its buffers below the message, its handler. */
const overheadBytes = 16 * 1024;
const firstBytes = 64 * 1024;
const doublingBytes = 1024 * 1024;
/** Least bytes that `coalesce` hands on at once, except at the end. */
const blockBytes = 256 * 1024;

/** How an upload is collected. */
export type CollectOptions = {
  /** More bytes end with `reason`. */
  readonly maxBytes: number;
  /** Charged with the memory that is taken, not only with the bytes that came; the caller releases it. */
  readonly share: ByteShare;
  /** Default IMAGE_TOO_MANY_BYTES. */
  readonly reason?: Reason;
  /** The length that was announced; 0: none. It is not relied on. */
  readonly sizeBytes?: number;
};

/**
 * All chunks as one array. Each chunk is copied and let go, so that neither empty chunks nor the messages that small ones are
 * part of are kept. Throws `reason` above `maxBytes`, and QUEUE_FULL where the share cannot grow.
 */
export async function collectBytes(
  chunks: AsyncIterable<Uint8Array>,
  { maxBytes, share, reason = "IMAGE_TOO_MANY_BYTES", sizeBytes = 0 }: CollectOptions,
): Promise<Uint8Array> {
  const buffer = createGrowingBuffer(share, Math.min(maxBytes, sizeBytes));
  share.grow(overheadBytes);
  for await (const chunk of chunks) {
    if (buffer.length + chunk.length > maxBytes)
      throw new AppError(reason, `Expected at most ${maxBytes} bytes, got more`);
    buffer.append(chunk);
  }
  return buffer.bytes();
}

/**
 * The same bytes in chunks of 256 KiB and more, the last one as it is. Small chunks are joined, empty ones are left out. Holds at
 * most one such chunk, charged to `share`; the caller releases it.
 */
export async function* coalesce(
  chunks: AsyncIterable<Uint8Array>,
  share: ByteShare,
): AsyncGenerator<Uint8Array, void, undefined> {
  share.grow(overheadBytes);
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
 * A buffer that grows as bytes come. Its capacity goes to `likelyBytes` once a quarter of them is there, so that the last copy needs
 * little besides; a length that is announced and does not come costs at most four times what did.
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
    // A buffer of its own: one from the pool would keep the pool.
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
