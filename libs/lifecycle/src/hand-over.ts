import { setImmediate as nextTurn } from "node:timers/promises";
import { isMarkedAsUntransferable } from "node:worker_threads";

/** A message and the memory in it that changes threads with it. */
export type HandOver<T> = { readonly message: T; readonly transfer: ArrayBuffer[] };

// As much as is copied in well under a millisecond.
const turnBytes = 1024 * 1024;
// A header may lie before the bytes; more than that is somebody else's memory, which must stay where it is.
const slackBytes = 64;

/**
 * A message of plain values whose byte arrays go to another thread without being copied at once: their memory is handed
 * over, or, where it may not leave its thread (a library's own, a pool), copied bit by bit between turns of the event loop.
 */
export async function toHandOver<T>(message: T): Promise<HandOver<T>> {
  const transfer = new Set<ArrayBuffer>();
  const visit = async (value: unknown): Promise<unknown> => {
    if (value instanceof Uint8Array || value instanceof Float32Array) {
      const { buffer, byteLength } = value;
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
