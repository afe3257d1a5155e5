import type { DeviceKind, WorkClass } from "./types.ts";

const mib = 1024 * 1024;

/** The figures the scheduler decides by. Fractions are of a device's total. */
export type Rules = {
  /** Up to here any work is granted. */
  readonly greenFraction: number;
  /** Up to here light work is granted; above it the device is red. */
  readonly amberFraction: number;
  readonly leaveRedFraction: number;
  readonly leaveAmberFraction: number;
  /** Above it idle memory is asked back: of a machine at once, of a GPU once it is amber. */
  readonly cleanUpFraction: number;
  /** Never granted away. */
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
  /** A caller is told of a new place in the queue at most this often; of a new reason at once. */
  readonly tellEveryMs: number;
  /** A batch request goes before interactive ones that came this much later. */
  readonly ageingMs: number;
  /** A request that has waited so long gets the next device that can be emptied for it. */
  readonly reserveAfterMs: number;
  readonly maxWaitMs: number;
  /** A report older than this says nothing any more. */
  readonly staleMs: number;
  /** For how long a grant or renewal is valid, and how much longer a slot stays charged. */
  readonly validMs: number;
  readonly expiryGraceMs: number;
  /** A model's first run is charged its prediction times this. */
  readonly unmeasuredFactor: number;
  /** A host younger than this is not evicted. */
  readonly minResidentMs: number;
  /** A host that is still there so long after it was to go may be used again. */
  readonly evictTimeoutMs: number;
  /** A device red for so long has its least important slot revoked. */
  readonly revokeAfterMs: number;
  readonly cleanUpEveryMs: number;
  /** By so much a device's green is lowered when work on it runs out of memory, and raised again after each `quietMs`. */
  readonly cautionStep: number;
  readonly quietStep: number;
  readonly quietMs: number;
  /** Until then nothing is granted that needs new memory, and devices are amber at least: grants of an earlier leader may still run. */
  readonly cautiousUntilMs: number;
};

/** SCHEDULER.md's figures. */
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
  tellEveryMs: 1_000,
  ageingMs: 30_000,
  reserveAfterMs: 5_000,
  maxWaitMs: 15 * 60_000,
  staleMs: 6_000,
  validMs: 10_000,
  expiryGraceMs: 2_000,
  unmeasuredFactor: 1.5,
  minResidentMs: 30_000,
  evictTimeoutMs: 10_000,
  revokeAfterMs: 2_000,
  cleanUpEveryMs: 5_000,
  cautionStep: 0.05,
  quietStep: 0.01,
  quietMs: 5 * 60_000,
  cautiousUntilMs: 0,
});

/** The bytes of a device that may be in use at `fraction`, the headroom kept. */
export function limitBytes(kind: DeviceKind, totalBytes: number, fraction: number, rules: Rules): number {
  const headroom = kind === "gpu" ? rules.gpuHeadroomBytes : totalBytes * rules.memoryHeadroomFraction;
  return Math.max(0, Math.floor(Math.min(totalBytes * fraction, totalBytes - headroom)));
}
