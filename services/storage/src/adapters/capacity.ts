import { AppError } from "@pixelmesh/errors";
import type { BlobKind } from "../domain/blob-kind.ts";
import type { ReservationRequest } from "../domain/blob-store.ts";
import { createReservations, type Reservations } from "../domain/reservations.ts";
import { createFreeSpace, type FreeSpace } from "./free-space.ts";
import { storageFull } from "./fs-errors.ts";
import { createKindTotals } from "./kind-totals.ts";

/** Limits of a store, in bytes. */
export type CapacityLimits = {
  /** Most bytes of all blobs together. */
  readonly maxBytes: number;
  /** Left free on the file system. */
  readonly minFreeBytes: number;
};

/** Space that is allocated to one upload. */
export type SpaceAllocation = {
  /** Allocates more bytes; throws STORAGE_FULL if there is not enough space even after evictions. */
  grow(bytes: number): Promise<void>;
  /** Turns the allocated bytes into a stored blob. */
  commit(kind: BlobKind): void;
  /** Frees the bytes that were not committed. Idempotent. */
  release(): void;
};

/** Counts blobs and bytes, and allocates space. */
export type Capacity = {
  /** Starts an allocation for a put. With a job it uses the job's reservation first. */
  allocate(jobId?: string): SpaceAllocation;
  /** Reserves space for a job until its release; throws as `grow` does, and OUTPUT_TOO_LARGE for more than an empty store holds. */
  reserve(request: ReservationRequest): Promise<void>;
  /** Returns the space of a job's blob that may be evicted to the job's reservation. */
  giveBack(jobId: string, bytes: number): void;
  endReservation(jobId: string): void;
  /** Reads the free space of the file system again, at most once a second. */
  refresh(): Promise<void>;
  /** Ends expired reservations. */
  prune(nowMs: number): void;
  /** Counts a blob that was found or removed without an upload. */
  add(kind: BlobKind, blobs: number, bytes: number): void;
  /** Counts a blob whose kind has changed. */
  move(from: BlobKind, to: BlobKind, bytes: number): void;
  readonly storedBytes: number;
  readonly reservedBytes: number;
  /** Free on the file system, at the last reading. */
  readonly freeBytes: number;
  of(kind: BlobKind): { readonly blobs: number; readonly sizeBytes: number };
};

/** How often an allocation evicts again after another put used the freed space. */
const maxRounds = 3;

/**
 * Creates the capacity of an empty store. `evict` must evict blobs until `missingBytes` returns at most 0 or none is left; `monotonicMs` is a
 * monotonic clock.
 */
export function createCapacity(
  directory: string,
  limits: CapacityLimits,
  evict: (missingBytes: () => number) => Promise<void>,
  monotonicMs: () => number,
): Capacity {
  const totals = createKindTotals();
  const reservations = createReservations();
  const free = createFreeSpace(directory, monotonicMs);
  const allocated = { bytes: 0 };

  /** Bytes that are stored, allocated or reserved. */
  const plannedBytes = () => totals.storedBytes + allocated.bytes + reservations.openBytes;
  const missingBytes = () =>
    Math.max(plannedBytes() - limits.maxBytes, limits.minFreeBytes + reservations.openBytes - free.bytes);

  /** Calls `take` once `extraBytes` more bytes fit, after evictions if needed; throws STORAGE_FULL if they do not fit. */
  async function takeSpace(extraBytes: () => number, take: () => void): Promise<void> {
    await free.refresh();
    for (let round = 1; missingBytes() + extraBytes() > 0 && extraBytes() > 0; round += 1) {
      if (round > maxRounds) throw storageFull(explain(extraBytes()));
      await evict(() => missingBytes() + extraBytes());
      free.expire();
      await free.refresh();
    }
    take();
  }

  function explain(extraBytes: number): string {
    const reserved = reservations.openBytes > 0 ? `, ${reservations.openBytes} of them reserved for open jobs` : "";
    return plannedBytes() + extraBytes > limits.maxBytes
      ? `its capacity of ${limits.maxBytes} bytes is in use${reserved}`
      : `less than ${limits.minFreeBytes} bytes would stay free on the file system${reserved}`;
  }

  return {
    allocate: (jobId = "") =>
      createAllocation(jobId, {
        reservations,
        allocated,
        free,
        takeSpace,
        count: (kind, bytes) => totals.add(kind, 1, bytes),
      }),
    async reserve({ jobId, key, bytes: wantedBytes, leastBytes, untilMs }) {
      if (leastBytes > limits.maxBytes) throw neverFits(leastBytes, limits.maxBytes);
      // An estimate must not refuse a job that may fit, so at most half of the store is reserved for one estimate.
      const bytes = Math.max(leastBytes, Math.min(wantedBytes, Math.floor(limits.maxBytes / 2)));
      const reservation = { jobId, key, bytes, untilMs };
      await takeSpace(
        () => reservations.extraBytes(reservation),
        () => reservations.grant(reservation),
      );
    },
    refresh: free.refresh,
    giveBack: reservations.giveBack,
    endReservation: reservations.end,
    prune: reservations.prune,
    add(kind, blobs, bytes) {
      totals.add(kind, blobs, bytes);
      if (bytes < 0) free.add(-bytes);
    },
    move(from, to, bytes) {
      totals.add(from, -1, -bytes);
      totals.add(to, 1, bytes);
    },
    get storedBytes() {
      return totals.storedBytes;
    },
    get reservedBytes() {
      return reservations.openBytes;
    },
    get freeBytes() {
      return free.bytes;
    },
    of: totals.of,
  };
}

type AllocationParts = {
  readonly reservations: Reservations;
  /** Bytes of all allocations that are not committed yet. */
  readonly allocated: { bytes: number };
  readonly free: FreeSpace;
  takeSpace(extraBytes: () => number, take: () => void): Promise<void>;
  /** Counts a stored blob. */
  count(kind: BlobKind, bytes: number): void;
};

function createAllocation(
  jobId: string,
  { reservations, allocated, free, takeSpace, count }: AllocationParts,
): SpaceAllocation {
  let ownBytes = 0;
  let reservedBytes = 0;
  const use = (bytes: number) => {
    ownBytes += bytes;
    allocated.bytes += bytes;
    free.add(-bytes);
  };
  return {
    async grow(bytes) {
      const fromReservation = reservations.take(jobId, bytes);
      reservedBytes += fromReservation;
      use(fromReservation);
      const restBytes = bytes - fromReservation;
      if (restBytes === 0) return;
      await takeSpace(
        () => restBytes,
        () => use(restBytes),
      );
    },
    commit(kind) {
      allocated.bytes -= ownBytes;
      count(kind, ownBytes);
      ownBytes = 0;
      reservedBytes = 0;
    },
    release() {
      allocated.bytes -= ownBytes;
      free.add(ownBytes);
      reservations.giveBack(jobId, reservedBytes);
      ownBytes = 0;
      reservedBytes = 0;
    },
  };
}

function neverFits(bytes: number, maxBytes: number): AppError {
  return new AppError(
    "OUTPUT_TOO_LARGE",
    `Expected the pictures that the job stores at one time to take at most ${maxBytes} bytes, the capacity of the store, got ${bytes}`,
  );
}
