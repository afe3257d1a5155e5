import type { WorkService } from "./subjects.ts";
import { workServices } from "./subjects.ts";

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
  readonly work: Readonly<Record<WorkService, number>>;
  readonly events: number;
  readonly deadLetters: number;
  readonly buckets: Readonly<Record<BucketName, number>>;
};

/** The buckets of the mesh. */
export type BucketName = "jobs" | "requests" | "results" | "open" | "waits" | "leases" | "services" | "cards";

/**
 * The share of a bucket's `max_bytes` that is its bound. The rest of `jobs` is a reserve: records of running jobs grow until
 * they end, by at most three quarters of what the job took when it was accepted.
 */
export const boundShare = { jobs: 2 / 3, requests: 1, results: 1 } as const;

/** The bounds of some options, the defaults where they say nothing. */
export function toBoundSettings(options: Partial<BoundSettings>): BoundSettings {
  const names = Object.keys(defaultBounds) as (keyof BoundSettings)[];
  return Object.fromEntries(names.map((name) => [name, options[name] ?? defaultBounds[name]])) as BoundSettings;
}

/** The bounds as set; all are lowered in proportion where they do not fit into `natsStoreMaxBytes` together. */
export function planBounds(settings: BoundSettings): StreamBounds {
  const fixed = 64 * MiB;
  const wanted = {
    jobs: settings.natsJobsMaxBytes / boundShare.jobs,
    requests: settings.natsRequestsMaxBytes / boundShare.requests,
    results: settings.natsResultsMaxBytes / boundShare.results,
    events: settings.natsEventsMaxBytes,
  };
  const small = { leases: MiB, services: 4 * MiB, cards: 4 * MiB };
  const equals = workServices.length + 3;
  const total = Object.values(wanted).reduce((sum, bytes) => sum + bytes, equals * fixed);
  const room = settings.natsStoreMaxBytes - Object.values(small).reduce((sum, bytes) => sum + bytes);
  const factor = Math.min(1, Math.max(0, room) / total);
  const scaled = (bytes: number) => Math.floor(Math.max(bytes * factor, Math.min(bytes, MiB)));
  return {
    work: Object.fromEntries(workServices.map((service) => [service, scaled(fixed)])) as Record<WorkService, number>,
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
