import type { DeviceKind } from "./device-report.ts";

/** Memory of ended hosts that a device still shows as used. */
export type MemoryLeak = {
  /** External memory before the first of these hosts ended. */
  readonly externalBytes: number;
  /** Memory that the ended hosts held. */
  readonly expectedBytes: number;
  readonly sinceMs: number;
  /** Memory that is missing after the timeout; 0 while it may still be given back. */
  quarantinedBytes: number;
};

/** The part of an ended host's memory that the device must show as free again. */
const returnedFraction = 0.8;

/**
 * Records that hosts with `endedBytes` in all have ended; `externalBytes` was read before. Ignores machines, because their kernel
 * always takes the memory of an ended process back.
 */
export function expectReturn(
  leak: MemoryLeak | undefined,
  kind: DeviceKind,
  { endedBytes, externalBytes, nowMs }: { endedBytes: number; externalBytes: number; nowMs: number },
): MemoryLeak | undefined {
  if (endedBytes === 0 || kind !== "gpu") return leak;
  return {
    externalBytes: leak?.externalBytes ?? externalBytes,
    expectedBytes: endedBytes + (leak?.expectedBytes ?? 0),
    sinceMs: nowMs,
    quarantinedBytes: leak?.quarantinedBytes ?? 0,
  };
}

/**
 * Compares the external memory now with that before the hosts ended. The difference is missing; it is quarantined after `timeoutMs`
 * and until it is given back, and counts as used all that time. Returns undefined once enough was given back.
 */
export function checkReturn(
  leak: MemoryLeak | undefined,
  externalBytes: number,
  nowMs: number,
  timeoutMs: number,
): MemoryLeak | undefined {
  if (leak === undefined) return undefined;
  const missingBytes = Math.min(leak.expectedBytes, externalBytes - leak.externalBytes);
  if (missingBytes <= leak.expectedBytes * (1 - returnedFraction)) return undefined;
  return { ...leak, quarantinedBytes: nowMs - leak.sinceMs < timeoutMs ? leak.quarantinedBytes : missingBytes };
}
