import type { WorkClass } from "./admission/slot-request.ts";
import type { DeviceKind } from "./devices/device-report.ts";

const mib = 1024 * 1024;

/** Thresholds and times of the scheduler. Fractions are of a device's total memory. */
export type Rules = {
  /** Up to here any work is granted. */
  readonly greenFraction: number;
  /** Up to here light work is granted; above it the device is red. */
  readonly amberFraction: number;
  readonly leaveRedFraction: number;
  readonly leaveAmberFraction: number;
  /** Above it idle memory is reclaimed: of a machine at once, of a GPU once it is amber. */
  readonly cleanUpFraction: number;
  /** Memory that is never granted. */
  readonly gpuHeadroomBytes: number;
  readonly memoryHeadroomFraction: number;
  /** Slots per device. */
  readonly classSlots: Readonly<Record<WorkClass, number>>;
  /** Compute tokens of a device that reports none. */
  readonly defaultTokens: number;
  /** Waiting requests per class and tenant, per class, and in all. */
  readonly maxQueuedPerTenant: number;
  readonly maxQueuedPerClass: number;
  readonly maxQueued: number;
  /** Shortest time between two notices of a changed queue position; a changed wait reason is sent at once. */
  readonly queueNoticeEveryMs: number;
  /** A batch request is tried before interactive ones that came this much later. */
  readonly ageingMs: number;
  /** After this wait a device that fits the request when drained is reserved for it. */
  readonly reserveAfterMs: number;
  readonly maxWaitMs: number;
  /** An older report is ignored. */
  readonly staleMs: number;
  /** How long a grant or renewal is valid, and how much longer its slot stays charged. */
  readonly validMs: number;
  readonly expiryGraceMs: number;
  /** A model's first run is charged its estimate times this. */
  readonly unmeasuredFactor: number;
  /** A younger host is not evicted. */
  readonly minHostAgeMs: number;
  /** A host that still runs this long after its eviction was ordered may be used again. */
  readonly evictTimeoutMs: number;
  /** After this time in red the least important slot of a device is revoked. */
  readonly revokeAfterMs: number;
  readonly cleanUpEveryMs: number;
  /** Each out-of-memory event on a device lowers its green threshold by `oomStep`; each `oomRecoveryMs` raises it by `oomRecoveryStep`. */
  readonly oomStep: number;
  readonly oomRecoveryStep: number;
  readonly oomRecoveryMs: number;
  /** Until then grants of an earlier leader may still run: new memory is not granted and devices are at least amber. */
  readonly takeoverUntilMs: number;
};

/** The defaults; docs/explanation/memory-admission.md explains them. */
export const defaultRules: Rules = Object.freeze({
  greenFraction: 0.85,
  amberFraction: 0.95,
  leaveRedFraction: 0.9,
  leaveAmberFraction: 0.8,
  cleanUpFraction: 0.8,
  gpuHeadroomBytes: 512 * mib,
  memoryHeadroomFraction: 0.05,
  classSlots: Object.freeze({ light: 8, heavy: 4, exclusive: 2 }),
  defaultTokens: 8,
  maxQueuedPerTenant: 64,
  maxQueuedPerClass: 512,
  maxQueued: 1_024,
  queueNoticeEveryMs: 1_000,
  ageingMs: 30_000,
  reserveAfterMs: 5_000,
  maxWaitMs: 15 * 60_000,
  staleMs: 6_000,
  validMs: 10_000,
  expiryGraceMs: 2_000,
  unmeasuredFactor: 1.5,
  minHostAgeMs: 30_000,
  evictTimeoutMs: 10_000,
  revokeAfterMs: 2_000,
  cleanUpEveryMs: 5_000,
  oomStep: 0.05,
  oomRecoveryStep: 0.01,
  oomRecoveryMs: 5 * 60_000,
  takeoverUntilMs: 0,
});

/** Returns the bytes of a device that may be in use at `fraction`, without its headroom. */
export function limitBytes(kind: DeviceKind, totalBytes: number, fraction: number, rules: Rules): number {
  if (kind === "provider") return 0;
  const headroom = kind === "gpu" ? rules.gpuHeadroomBytes : totalBytes * rules.memoryHeadroomFraction;
  return Math.max(0, Math.floor(Math.min(totalBytes * fraction, totalBytes - headroom)));
}
