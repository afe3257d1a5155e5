/** Memory that the event loop and threads use together. It goes to a thread and back without a transfer. */
export type SharedMemory = {
  /** Takes memory of so many bytes, with any content; undefined if so much is not free. */
  take(bytes: number): Uint8Array | undefined;
  /** Gives back memory that was taken. No thread may still use it. */
  give(memory: Uint8Array): void;
};

type Range = { readonly start: number; readonly end: number };

const idleMs = 10_000;

/**
 * Creates shared memory of at most `maxBytes`, all of it one buffer, of which only the pages that were written are resident. V8 does not count
 * shared memory, so nothing would make it collect buffers that are dropped: that is why there is never a second one. The buffer is left to the
 * garbage collector after 10 s without use, and used again if it has not been collected by then.
 */
export function createSharedMemory(maxBytes: number): SharedMemory {
  let held: SharedArrayBuffer | undefined;
  let latest: WeakRef<SharedArrayBuffer> | undefined;
  let timer: NodeJS.Timeout | undefined;
  /** The ranges that are taken, in order. */
  let taken: readonly Range[] = [];

  function open(): SharedArrayBuffer {
    const found = held ?? latest?.deref();
    const buffer = found ?? new SharedArrayBuffer(maxBytes);
    if (!found) latest = new WeakRef(buffer);
    held = buffer;
    return buffer;
  }

  /** The lowest gap, so that few pages are resident. */
  function findGap(bytes: number): number | undefined {
    let start = 0;
    for (const range of taken) {
      if (range.start - start >= bytes) return start;
      start = range.end;
    }
    return maxBytes - start >= bytes ? start : undefined;
  }

  return {
    take(bytes) {
      const start = findGap(bytes);
      if (bytes === 0 || start === undefined) return undefined;
      clearTimeout(timer);
      taken = [...taken, { start, end: start + bytes }].sort((one, other) => one.start - other.start);
      return new Uint8Array(open(), start, bytes);
    },
    give({ buffer, byteOffset }) {
      if (buffer !== held) return;
      taken = taken.filter(({ start }) => start !== byteOffset);
      if (taken.length > 0) return;
      timer = setTimeout(() => {
        held = undefined;
      }, idleMs).unref();
    },
  };
}
