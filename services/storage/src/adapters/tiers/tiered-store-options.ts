import type { Logger, Metrics } from "@pixelmesh/telemetry";
import type { BlobIndex } from "../../domain/blob-index.ts";
import type { BlobStore } from "../../domain/blob-store.ts";
import type { ColdStore } from "../../domain/cold-store.ts";
import type { IndexRules } from "../../domain/index-entry.ts";
import type { MemoryReading } from "./memory-pressure.ts";
import type { Pins } from "./pins.ts";
import type { TierCounts } from "./tier-counts.ts";

/** Options of a store in tiers. Sizes in bytes, times in milliseconds. */
export type TieredStoreOptions = {
  readonly cold: ColdStore;
  readonly index: BlobIndex;
  /** Opens the store of this replica's disk, which holds copies only. */
  openWarm(cache: { readonly pins: Pins; readonly counts: TierCounts }): Promise<BlobStore>;
  readonly rules: IndexRules;
  readonly hotMaxBytes: number;
  /** The directory of this replica: the list of the blobs in memory is written there. */
  readonly directory: string;
  /** Pause between two writes of that list. */
  readonly snapshotEveryMs: number;
  /** Entries of the index that one sweep visits. */
  readonly sweepVisits: number;
  /** Pause between two writes of use counts. */
  readonly flushEveryMs: number;
  /** Pause between two calls of the shared store's own sweep. */
  readonly coldSweepEveryMs: number;
  /** Whether this replica sweeps the shared store. */
  maySweep(): boolean;
  readMemory(): MemoryReading;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly unixMs: () => number;
  readonly monotonicMs: () => number;
};
