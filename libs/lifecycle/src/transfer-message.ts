import { setImmediate as nextTurn } from "node:timers/promises";
import { isMarkedAsUntransferable } from "node:worker_threads";

/** A message for another thread, and the memory in it that is transferred. */
export type TransferMessage<T> = { readonly message: T; readonly transfer: ArrayBuffer[] };

// Copied in well under a millisecond.
const turnBytes = 1024 * 1024;
// A buffer may have a header of this size before the bytes. A larger rest belongs to other data and must stay in this thread.
const slackBytes = 64;

/**
 * Prepares a message of plain values for another thread. The memory of its byte arrays is transferred, not copied; that of a SharedArrayBuffer is
 * then used by both threads. Memory that cannot be transferred (shared with other data, or owned by a library) is copied in parts between turns of
 * the event loop.
 */
export async function toTransferMessage<T>(message: T): Promise<TransferMessage<T>> {
  const transfer = new Set<ArrayBuffer>();
  const visit = async (value: unknown): Promise<unknown> => {
    if (value instanceof Uint8Array || value instanceof Float32Array) {
      const { buffer, byteLength } = value;
      if (buffer instanceof SharedArrayBuffer) return value;
      const isOwn = buffer instanceof ArrayBuffer && buffer.byteLength - byteLength <= slackBytes;
      const kept = isOwn && !isMarkedAsUntransferable(buffer) ? value : await copyOf(value);
      transfer.add(kept.buffer as ArrayBuffer);
      return kept;
    }
    if (Array.isArray(value)) return Promise.all(value.map(visit));
    if (typeof value !== "object" || value === null) return value;
    const parts = Object.entries(value).map(async ([name, part]) => [name, await visit(part)] as const);
    return Object.fromEntries(await Promise.all(parts));
  };
  return { message: (await visit(message)) as T, transfer: [...transfer] };
}

async function copyOf(array: Uint8Array | Float32Array): Promise<Uint8Array | Float32Array> {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  const copy = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += turnBytes) {
    if (at > 0) await nextTurn();
    copy.set(bytes.subarray(at, at + turnBytes), at);
  }
  return array instanceof Float32Array ? new Float32Array(copy.buffer) : copy;
}
