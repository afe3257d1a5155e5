import { expected } from "@pixelmesh/errors";
import type { HostLimits, HostOptions } from "./types.ts";

/** Bounds that hold for the largest tiles of the slowest models that a 2-core machine should be asked to run. */
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

/** Throws INVALID_ARGUMENT for options that no host could run with. */
export function assertHostOptions({ providers, threads }: HostOptions): void {
  if (providers.length === 0) throw expected("providers", "at least one of tensorrt, cuda, webgpu, cpu", "");
  for (const [name, count] of Object.entries(threads)) {
    if (!Number.isInteger(count) || count < 1) throw expected(`threads.${name}`, "a positive integer", count);
  }
}
