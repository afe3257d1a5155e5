/** Memory that pictures have had and others may have: fresh memory of that size costs page faults and full collections. */
export type SpareMemory = {
  /** So many bytes, of any content. */
  take(bytes: number): Uint8Array;
  /** Takes memory back that nobody uses any more; without it the collector has it, as any other. */
  give(memory: Uint8Array): void;
};

const leastBytes = 2 ** 20;
const idleMs = 10_000;

/** Keeps at most `maxBytes`, what came last; and nothing any more after 10 s without use. */
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
      // More than twice as much is too good for it.
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
