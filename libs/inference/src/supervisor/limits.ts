/** Bounds of one inference host. */
export type HostLimits = {
  /** From spawn until the provider is proven. */
  readonly startTimeoutMs: number;
  /** Loading a model, its probe run included. */
  readonly loadTimeoutMs: number;
  /** One tile; a host that takes longer is killed. */
  readonly runTimeoutMs: number;
  /** How long `close` waits for the run in progress. */
  readonly closeGraceMs: number;
  /** Runs that may wait in a host; more are refused with QUEUE_FULL. */
  readonly maxPending: number;
  /** The longest backoff before a host that keeps crashing is started again. */
  readonly maxBackOffMs: number;
  /** The process is replaced, between runs, after this many. */
  readonly recycleAfterRuns: number;
  /** The process is replaced, between runs, when its anonymous memory is above this, once it is `recycleMinAgeMs` old. */
  readonly recycleAboveBytes: number;
  readonly recycleMinAgeMs: number;
  /** Interval of the heartbeats of an idle process, and the time within which it must respond before it is killed. */
  readonly heartbeatMs: number;
};

/** Bounds that fit the largest tiles of the slowest models that a 2-core machine should run. */
export const defaultHostLimits: HostLimits = {
  startTimeoutMs: 30_000,
  loadTimeoutMs: 120_000,
  runTimeoutMs: 300_000,
  closeGraceMs: 10_000,
  maxPending: 64,
  maxBackOffMs: 10_000,
  recycleAfterRuns: 100_000,
  recycleAboveBytes: 64 * 2 ** 30,
  recycleMinAgeMs: 30_000,
  heartbeatMs: 10_000,
};
