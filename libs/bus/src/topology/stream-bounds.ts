import { type WorkerRole, workerRoles } from "@pixelmesh/roles";

const MiB = 2 ** 20;

/** The settings that bound the broker's store, in bytes; see `busFields`. */
export type BoundSettings = {
  readonly natsStoreMaxBytes: number;
  readonly natsJobsMaxBytes: number;
  readonly natsResultsMaxBytes: number;
  readonly natsEventsMaxBytes: number;
  readonly natsBatchesMaxBytes: number;
};

/** The defaults hold about 1,000,000 finished jobs of one step in `jobs`, and a recent part of everything else (docs/adr/0073). */
export const defaultBounds: BoundSettings = {
  natsStoreMaxBytes: 4_096 * MiB,
  natsJobsMaxBytes: 1_800 * MiB,
  natsResultsMaxBytes: 256 * MiB,
  natsEventsMaxBytes: 128 * MiB,
  natsBatchesMaxBytes: 192 * MiB,
};

/** `max_bytes` of every stream and bucket. */
export type StreamBounds = {
  readonly work: Readonly<Record<WorkerRole, number>>;
  readonly events: number;
  readonly deadLetters: number;
  readonly buckets: Readonly<Record<BucketName, number>>;
};

/** The buckets of the mesh. */
export type BucketName =
  | "jobs"
  | "results"
  | "batches"
  | "callbacks"
  | "uploads"
  | "blobs"
  | "open"
  | "waits"
  | "leases"
  | "services"
  | "profiles"
  | "budgets"
  | "predictions";

/** The buckets whose oldest entries are evicted by their sequence. */
export type EvictableBucket = "jobs" | "results";

/** The buckets with a bound of their own. The oldest finished batches and callbacks are evicted by their keys. */
export type BoundedBucket = EvictableBucket | "batches" | "callbacks";

const leastReserve = MiB / 2;

/** The buckets whose entries grow while their work runs, and that of callbacks, whose entries are written when accepted jobs end. */
const growing: ReadonlySet<BoundedBucket> = new Set(["jobs", "batches", "callbacks"]);

/**
 * Returns the `max_bytes` of a bucket with a bound. `jobs`, `batches` and `callbacks` have a reserve of half the bound, at least 512 KiB: records of
 * running jobs grow until they end, by at most three quarters of their size at acceptance, and a batch grows by 16 bytes for each job that ends. The reserve must never be used up:
 * nats-server 2.9 accepts a message that takes the stream slightly above `max_bytes`, then removes the oldest message, even in a
 * stream that discards new messages.
 */
export function toMaxBytes(bucket: BoundedBucket, boundBytes: number): number {
  return growing.has(bucket) ? boundBytes + Math.max(boundBytes / 2, leastReserve) : boundBytes;
}

/** Returns the bound of a bucket with these `max_bytes`: the inverse of `toMaxBytes`. */
export function toBoundBytes(bucket: BoundedBucket, maxBytes: number): number {
  return growing.has(bucket) ? Math.min(maxBytes / 1.5, Math.max(0, maxBytes - leastReserve)) : maxBytes;
}

/** Fills in the defaults of missing bounds. */
export function toBoundSettings(options: Partial<BoundSettings>): BoundSettings {
  const names = Object.keys(defaultBounds) as (keyof BoundSettings)[];
  return Object.fromEntries(names.map((name) => [name, options[name] ?? defaultBounds[name]])) as BoundSettings;
}

/** Plans all bounds. If they do not fit into `natsStoreMaxBytes` together, all are lowered in proportion. */
export function planBounds(settings: BoundSettings): StreamBounds {
  const fixed = 64 * MiB;
  const configured = {
    jobs: toMaxBytes("jobs", settings.natsJobsMaxBytes),
    results: toMaxBytes("results", settings.natsResultsMaxBytes),
    events: settings.natsEventsMaxBytes,
    batches: toMaxBytes("batches", settings.natsBatchesMaxBytes),
  };
  const small = {
    leases: MiB,
    services: 4 * MiB,
    profiles: 4 * MiB,
    uploads: 32 * MiB,
    budgets: 16 * MiB,
    predictions: 4 * MiB,
  };
  /** Work streams, dead letters, `open`, `waits`, `callbacks` and `blobs`. */
  const fixedCount = workerRoles.length + 5;
  const total = Object.values(configured).reduce((sum, bytes) => sum + bytes, fixedCount * fixed);
  const available = settings.natsStoreMaxBytes - Object.values(small).reduce((sum, bytes) => sum + bytes);
  const factor = Math.min(1, Math.max(0, available) / total);
  const scaled = (bytes: number) => Math.floor(Math.max(bytes * factor, Math.min(bytes, MiB)));
  return {
    work: Object.fromEntries(workerRoles.map((role) => [role, scaled(fixed)])) as Record<WorkerRole, number>,
    events: scaled(configured.events),
    deadLetters: scaled(fixed),
    buckets: {
      ...small,
      jobs: scaled(configured.jobs),
      results: scaled(configured.results),
      batches: scaled(configured.batches),
      open: scaled(fixed),
      waits: scaled(fixed),
      callbacks: scaled(fixed),
      blobs: scaled(fixed),
    },
  };
}
