import { statfs } from "node:fs/promises";
import { AppError } from "@pixelmesh/errors";
import { type BlobKind, blobKinds } from "../domain/kind.ts";
import type { RoomWish } from "../domain/ports.ts";
import { createReservations } from "../domain/reservations.ts";
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
  /** Takes room for more bytes; throws STORAGE_FULL where there is none even after blobs gave way. */
  grow(bytes: number): Promise<void>;
  /** Turns what was claimed into a stored blob. */
  store(kind: BlobKind): void;
  release(): void;
};

/** Counts blobs and bytes and hands out room for more. */
export type Capacity = {
  /** Room for a put; that of a job comes out of its reservation first. */
  claim(jobId?: string): Claim;
  /** Promises a job room until its release; throws as `grow` does, and OUTPUT_TOO_LARGE for what can never be stored. */
  reserve(wish: RoomWish): Promise<void>;
  /** A job's blob may give way: its room is the job's again. */
  giveBack(jobId: string, bytes: number): void;
  endReservation(jobId: string): void;
  /** Reads the file system's free space again, where that was not done lately. */
  refresh(): Promise<void>;
  /** Ends the reservations that are past their time. */
  prune(nowMs: number): void;
  /** Counts a blob that was found or removed without an upload. */
  add(kind: BlobKind, blobs: number, bytes: number): void;
  /** Counts a blob that is of another kind now. */
  move(from: BlobKind, to: BlobKind, bytes: number): void;
  readonly storedBytes: number;
  readonly reservedBytes: number;
  /** Free on the file system, as last read. */
  readonly freeBytes: number;
  of(kind: BlobKind): { readonly blobs: number; readonly sizeBytes: number };
};

/** How long a reading of the file system's free space is relied on. */
const freshMs = 1_000;
/** How often a put that was overtaken by another one asks for room again. */
const maxRounds = 3;

/**
 * Makes the count. `makeRoom` is asked to let blobs give way until `short` answers 0; `monotonicMs` is a clock that never goes
 * back.
 */
export function createCapacity(
  directory: string,
  limits: CapacityLimits,
  makeRoom: (short: () => number) => Promise<void>,
  monotonicMs: () => number,
): Capacity {
  const counts = Object.fromEntries(blobKinds.map((kind) => [kind, { blobs: 0, sizeBytes: 0 }])) as Record<
    BlobKind,
    { blobs: number; sizeBytes: number }
  >;
  const reservations = createReservations();
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

  /** Bytes that are stored, on their way or promised. */
  const spokenFor = () => storedBytes + claimedBytes + reservations.openBytes;
  const shortage = () =>
    Math.max(spokenFor() - limits.maxBytes, limits.minFreeBytes + reservations.openBytes - freeBytes);

  /** Takes `bytes` by `take` once there is room for the `extra` of them that nobody has been promised yet. */
  async function takeRoom(extra: () => number, take: () => void): Promise<void> {
    await refreshFree();
    for (let round = 1; shortage() + extra() > 0 && extra() > 0; round += 1) {
      if (round > maxRounds) throw storageFull(explain(extra()));
      await makeRoom(() => shortage() + extra());
      readAtMs = Number.NEGATIVE_INFINITY;
      await refreshFree();
    }
    take();
  }

  function explain(extra: number): string {
    const reserved = reservations.openBytes > 0 ? `, ${reservations.openBytes} of them reserved for open jobs` : "";
    return spokenFor() + extra > limits.maxBytes
      ? `its capacity of ${limits.maxBytes} bytes is in use${reserved}`
      : `less than ${limits.minFreeBytes} bytes would stay free on the file system${reserved}`;
  }

  function add(kind: BlobKind, blobs: number, bytes: number): void {
    counts[kind].blobs += blobs;
    counts[kind].sizeBytes += bytes;
    storedBytes += bytes;
    if (bytes < 0) freeBytes -= bytes;
  }

  return {
    claim(jobId = "") {
      let own = 0;
      let reserved = 0;
      const give = (bytes: number) => {
        claimedBytes -= bytes;
        freeBytes += bytes;
      };
      return {
        async grow(bytes) {
          const fromReservation = reservations.take(jobId, bytes);
          reserved += fromReservation;
          claimedBytes += fromReservation;
          freeBytes -= fromReservation;
          own += fromReservation;
          const rest = bytes - fromReservation;
          if (rest === 0) return;
          await takeRoom(
            () => rest,
            () => {
              own += rest;
              claimedBytes += rest;
              freeBytes -= rest;
            },
          );
        },
        store(kind) {
          claimedBytes -= own;
          storedBytes += own;
          counts[kind].blobs += 1;
          counts[kind].sizeBytes += own;
          own = 0;
          reserved = 0;
        },
        release() {
          give(own);
          reservations.giveBack(jobId, reserved);
          own = 0;
          reserved = 0;
        },
      };
    },
    async reserve(wish) {
      const { jobId, key, untilMs } = wish;
      if (wish.leastBytes > limits.maxBytes) throw neverFits(wish.leastBytes, limits.maxBytes);
      // An estimate must not refuse a job that may well fit: half of the store is promised to one job at most.
      const bytes = Math.max(wish.leastBytes, Math.min(wish.bytes, Math.floor(limits.maxBytes / 2)));
      const granted = { jobId, key, bytes, untilMs };
      await takeRoom(
        () => reservations.extraBytes(granted),
        () => reservations.grant(granted),
      );
    },
    refresh: refreshFree,
    giveBack: reservations.giveBack,
    endReservation: reservations.end,
    prune: reservations.prune,
    add,
    move(from, to, bytes) {
      counts[from].blobs -= 1;
      counts[from].sizeBytes -= bytes;
      counts[to].blobs += 1;
      counts[to].sizeBytes += bytes;
    },
    get storedBytes() {
      return storedBytes;
    },
    get reservedBytes() {
      return reservations.openBytes;
    },
    get freeBytes() {
      return freeBytes;
    },
    of: (kind) => ({ ...counts[kind] }),
  };
}

function neverFits(bytes: number, maxBytes: number): AppError {
  return new AppError(
    "OUTPUT_TOO_LARGE",
    `Expected the pictures that the job stores at one time to take at most ${maxBytes} bytes, the capacity of the store, got ${bytes}`,
  );
}
