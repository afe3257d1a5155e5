import { type WorkerRole, workerRoles } from "@pixelmesh/roles";

const MiB = 2 ** 20;

/** The settings that bound what the broker keeps, in bytes; see `busFields`. */
export type BoundSettings = {
  readonly natsStoreMaxBytes: number;
  readonly natsJobsMaxBytes: number;
  readonly natsRequestsMaxBytes: number;
  readonly natsResultsMaxBytes: number;
  readonly natsEventsMaxBytes: number;
};

/** The defaults: about 1,000,000 finished jobs of one step in `jobs`, and a recent part of everything else (docs/adr/0073). */
export const defaultBounds: BoundSettings = {
  natsStoreMaxBytes: 4_096 * MiB,
  natsJobsMaxBytes: 1_800 * MiB,
  natsRequestsMaxBytes: 128 * MiB,
  natsResultsMaxBytes: 256 * MiB,
  natsEventsMaxBytes: 128 * MiB,
};

/** `max_bytes` of every stream and bucket. */
export type StreamBounds = {
  readonly work: Readonly<Record<WorkerRole, number>>;
  readonly events: number;
  readonly deadLetters: number;
  readonly buckets: Readonly<Record<BucketName, number>>;
};

/** The buckets of the mesh. */
export type BucketName = "jobs" | "requests" | "results" | "open" | "waits" | "leases" | "services" | "cards";

/** The buckets whose oldest entries give way to new ones. */
export type KeptBucket = "jobs" | "requests" | "results";

const leastReserve = MiB / 2;

/**
 * The `max_bytes` of a bucket with a bound. That of `jobs` has a reserve of half the bound, at least 512 KiB: records of running
 * jobs grow until they end, by at most three quarters of what the job took when it was accepted. The reserve must never be used up:
 * nats-server 2.9 accepts a message that takes the stream slightly above `max_bytes`, then removes the oldest message, even in a
 * stream that discards new messages.
 */
export function toMaxBytes(bucket: KeptBucket, boundBytes: number): number {
  return bucket === "jobs" ? boundBytes + Math.max(boundBytes / 2, leastReserve) : boundBytes;
}

/** The bound of a bucket with so many `max_bytes`: the inverse of `toMaxBytes`. */
export function toBoundBytes(bucket: KeptBucket, maxBytes: number): number {
  return bucket === "jobs" ? Math.min(maxBytes / 1.5, Math.max(0, maxBytes - leastReserve)) : maxBytes;
}

/** The bounds of some options, the defaults where they say nothing. */
export function toBoundSettings(options: Partial<BoundSettings>): BoundSettings {
  const names = Object.keys(defaultBounds) as (keyof BoundSettings)[];
  return Object.fromEntries(names.map((name) => [name, options[name] ?? defaultBounds[name]])) as BoundSettings;
}

/** The bounds as set; all are lowered in proportion where they do not fit into `natsStoreMaxBytes` together. */
export function planBounds(settings: BoundSettings): StreamBounds {
  const fixed = 64 * MiB;
  const wanted = {
    jobs: toMaxBytes("jobs", settings.natsJobsMaxBytes),
    requests: toMaxBytes("requests", settings.natsRequestsMaxBytes),
    results: toMaxBytes("results", settings.natsResultsMaxBytes),
    events: settings.natsEventsMaxBytes,
  };
  const small = { leases: MiB, services: 4 * MiB, cards: 4 * MiB };
  const equals = workerRoles.length + 3;
  const total = Object.values(wanted).reduce((sum, bytes) => sum + bytes, equals * fixed);
  const room = settings.natsStoreMaxBytes - Object.values(small).reduce((sum, bytes) => sum + bytes);
  const factor = Math.min(1, Math.max(0, room) / total);
  const scaled = (bytes: number) => Math.floor(Math.max(bytes * factor, Math.min(bytes, MiB)));
  return {
    work: Object.fromEntries(workerRoles.map((service) => [service, scaled(fixed)])) as Record<WorkerRole, number>,
    events: scaled(wanted.events),
    deadLetters: scaled(fixed),
    buckets: {
      ...small,
      jobs: scaled(wanted.jobs),
      requests: scaled(wanted.requests),
      results: scaled(wanted.results),
      open: scaled(fixed),
      waits: scaled(fixed),
    },
  };
}
