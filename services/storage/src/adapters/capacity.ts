import { statfs } from "node:fs/promises";
import { storageFull } from "./fs-errors.ts";

/** What a store may take, in bytes. */
export type CapacityLimits = {
  /** For all blobs together. */
  readonly maxBytes: number;
  /** Left free on the file system for everybody else. */
  readonly minFreeBytes: number;
};

/** Room taken by one upload. Releasing gives back what was not stored; it may be repeated. */
export type Claim = {
  /** Takes room for more bytes; throws STORAGE_FULL where there is none even after expired blobs were removed. */
  grow(bytes: number): Promise<void>;
  /** Turns what was claimed into a stored blob. */
  store(): void;
  release(): void;
};

/** Counts blobs and bytes and hands out room for more. */
export type Capacity = {
  claim(): Claim;
  /** Counts a blob that was found or removed without an upload. */
  add(blobs: number, bytes: number): void;
  readonly blobs: number;
  readonly storedBytes: number;
};

/** How long a reading of the file system's free space is relied on. */
const freshMs = 1_000;

/**
 * Makes the count. `makeRoom` is asked to remove expired blobs when room is short; `monotonicMs` is a clock that never
 * goes back.
 */
export function createCapacity(
  directory: string,
  limits: CapacityLimits,
  makeRoom: (bytes: number) => Promise<void>,
  monotonicMs: () => number,
): Capacity {
  let blobs = 0;
  let storedBytes = 0;
  let claimedBytes = 0;
  let freeBytes = 0;
  let readAtMs = Number.NEGATIVE_INFINITY;

  const refreshFree = async () => {
    if (monotonicMs() - readAtMs <= freshMs) return;
    const { bavail, bsize } = await statfs(directory);
    freeBytes = bavail * bsize;
    readAtMs = monotonicMs();
  };

  const shortage = () => Math.max(storedBytes + claimedBytes - limits.maxBytes, limits.minFreeBytes - freeBytes);

  const explain = () =>
    storedBytes + claimedBytes > limits.maxBytes
      ? `its capacity of ${limits.maxBytes} bytes is in use`
      : `less than ${limits.minFreeBytes} bytes would stay free on the file system`;

  return {
    claim() {
      let own = 0;
      const take = (bytes: number) => {
        own += bytes;
        claimedBytes += bytes;
        freeBytes -= bytes;
      };
      return {
        async grow(bytes) {
          await refreshFree();
          take(bytes);
          const short = shortage();
          if (short <= 0) return;
          take(-bytes);
          await makeRoom(short);
          readAtMs = Number.NEGATIVE_INFINITY;
          await refreshFree();
          take(bytes);
          if (shortage() <= 0) return;
          const error = storageFull(explain());
          take(-bytes);
          throw error;
        },
        store() {
          storedBytes += own;
          claimedBytes -= own;
          blobs += 1;
          own = 0;
        },
        release() {
          take(-own);
        },
      };
    },
    add(count, bytes) {
      blobs += count;
      storedBytes += bytes;
    },
    get blobs() {
      return blobs;
    },
    get storedBytes() {
      return storedBytes;
    },
  };
}
