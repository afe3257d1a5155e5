import type { LifetimeRules } from "../domain/lifetime.ts";
import type { CapacityLimits } from "./capacity.ts";

/** How a file store behaves that only holds copies of the blobs of a shared store. */
export type CacheRules = {
  /** A copy is removed when it was not used for this time. Until then it may be evicted at any time, unless it is pinned. */
  readonly restMs: number;
  /** Whether a copy is in use. */
  isPinned(sha256: string): boolean;
  /** A copy was evicted. `idleMs` is the time since its last use. */
  onEvicted(sha256: string, sizeBytes: number, idleMs: number): void;
};

/** Options of a file store. Sizes in bytes, times in milliseconds. */
export type FileStoreOptions = {
  readonly directory: string;
  readonly lifetime: LifetimeRules;
  readonly capacity: CapacityLimits;
  /** Largest blob that is accepted. */
  readonly maxBlobBytes: number;
  /** How many blobs one sweep visits, rounded up to a whole first-level directory. */
  readonly sweepVisits: number;
  /** Shortest time from a sweep that visited all blobs and removed none to the next visit. Other parts of sweeps do not wait. */
  readonly sweepRestMs: number;
  /** After this time without a write a temporary file of another machine is removed. */
  readonly tempStaleMs: number;
  /** How long a verified blob is trusted while its file does not change; after that it is verified again. */
  readonly trustMs: number;
  /** How long corrupt blobs stay in quarantine. */
  readonly quarantineMs: number;
  /** Shortest time between two searches of a full store for blobs to evict. */
  readonly fullRestMs: number;
  /** Default: the store holds the only copies, and its lifetimes apply. */
  readonly cache?: CacheRules;
  /** Called once for every corrupt blob. */
  readonly onCorrupt: (sha256: string) => void;
  readonly unixMs: () => number;
  readonly monotonicMs: () => number;
};
