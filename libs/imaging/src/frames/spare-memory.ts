/** Memory of earlier pictures for reuse: new memory of that size costs page faults and full garbage collections. */
export type SpareMemory = {
  /** Returns memory of so many bytes, with any content. */
  take(bytes: number): Uint8Array;
  /** Takes back memory that is no longer used. Memory that is not given back is garbage-collected. */
  give(memory: Uint8Array): void;
};

const leastBytes = 2 ** 20;
const idleMs = 10_000;

/** Keeps at most `maxBytes`, the most recent first, and nothing after 10 s without use. */
export function createSpareMemory(maxBytes: number): SpareMemory {
  let spare: ArrayBufferLike[] = [];
  let timer: NodeJS.Timeout | undefined;
  const keptBytes = () => spare.reduce((sum, { byteLength }) => sum + byteLength, 0);
  const noteUse = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      spare = [];
    }, idleMs).unref();
    timer.refresh();
  };
  return {
    take(bytes) {
      // Memory of more than twice the size would be wasted on it.
      const at = spare.findLastIndex(({ byteLength }) => byteLength >= bytes && byteLength <= 2 * bytes);
      const [found] = at < 0 ? [] : spare.splice(at, 1);
      if (found) noteUse();
      return found === undefined ? new Uint8Array(bytes) : new Uint8Array(found, 0, bytes);
    },
    give({ buffer }) {
      if (buffer.byteLength < leastBytes || buffer.byteLength > maxBytes || spare.includes(buffer)) return;
      spare.push(buffer);
      while (keptBytes() > maxBytes) spare.shift();
      noteUse();
    },
  };
}
