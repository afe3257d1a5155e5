import type { LifetimeRules } from "../domain/lifetime.ts";
import type { CapacityLimits } from "./capacity.ts";

/** How a file store behaves; lengths in bytes, times in milliseconds. */
export type FileStoreOptions = {
  readonly directory: string;
  readonly lifetime: LifetimeRules;
  readonly capacity: CapacityLimits;
  /** The largest blob that is taken. */
  readonly maxBlobBytes: number;
  /** How many blobs one sweep looks at, give or take one first-level directory. */
  readonly sweepVisits: number;
  /** How long a temporary file of a process that cannot be asked may lie idle. */
  readonly tempStaleMs: number;
  /** How long a blob found whole is trusted while its file does not change; after that it is read whole once more. */
  readonly trustMs: number;
  /** How long corrupt blobs are kept aside. */
  readonly quarantineMs: number;
  /** How long a full store is not searched again for blobs that may give way. */
  readonly fullRestMs: number;
  /** Told of every corrupt blob, once. */
  readonly onCorrupt: (sha256: string) => void;
  readonly unixMs: () => number;
  readonly monotonicMs: () => number;
};
