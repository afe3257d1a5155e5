import { statfs } from "node:fs/promises";

/** Free bytes of the file system: the last reading, plus what was freed and minus what was used since. */
export type FreeSpace = {
  readonly bytes: number;
  /** Corrects the last reading: negative for used bytes. */
  add(bytes: number): void;
  /** Reads the file system again if the last reading is older than 1 s. */
  refresh(): Promise<void>;
  /** Makes the next `refresh` read the file system. */
  expire(): void;
};

const freshMs = 1_000;

/** Creates a reading of 0 bytes that is already stale. `monotonicMs` is a monotonic clock. */
export function createFreeSpace(directory: string, monotonicMs: () => number): FreeSpace {
  let freeBytes = 0;
  let readAtMs = Number.NEGATIVE_INFINITY;
  return {
    get bytes() {
      return freeBytes;
    },
    add(bytes) {
      freeBytes += bytes;
    },
    async refresh() {
      if (monotonicMs() - readAtMs <= freshMs) return;
      const { bavail, bsize } = await statfs(directory);
      freeBytes = bavail * bsize;
      readAtMs = monotonicMs();
    },
    expire() {
      readAtMs = Number.NEGATIVE_INFINITY;
    },
  };
}
