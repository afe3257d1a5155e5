import type { DeviceKind } from "../types.ts";

/** Memory that an ended host should have given back, as long as a device has not shown it. */
export type Leak = {
  /** What was in use by none of ours before the host ended. */
  readonly externalBytes: number;
  readonly expectedBytes: number;
  readonly sinceMs: number;
  /** What is known to be missing; 0 while it may still come. */
  quarantinedBytes: number;
};

/** Of what a host held, this much has to come back. */
const returnedFraction = 0.8;

/** Hosts that held `endedBytes` together have ended; `externalBytes` is from before that. The kernel gives a machine's memory back itself. */
export function noteEnded(
  leak: Leak | undefined,
  kind: DeviceKind,
  { endedBytes, externalBytes, nowMs }: { endedBytes: number; externalBytes: number; nowMs: number },
): Leak | undefined {
  if (endedBytes === 0 || kind !== "gpu") return leak;
  const expectedBytes = endedBytes + (leak?.expectedBytes ?? 0);
  return {
    ...{ externalBytes: leak?.externalBytes ?? externalBytes, expectedBytes, sinceMs: nowMs },
    quarantinedBytes: leak?.quarantinedBytes ?? 0,
  };
}

/**
 * Looks again: what nobody of ours holds and was not there before is what is missing. It is quarantined once it is for
 * `patienceMs`, and until it comes back; all that time it counts as in use. Undefined when all came back.
 */
export function lookAgain(
  leak: Leak | undefined,
  externalBytes: number,
  nowMs: number,
  patienceMs: number,
): Leak | undefined {
  if (leak === undefined) return undefined;
  const missingBytes = Math.min(leak.expectedBytes, externalBytes - leak.externalBytes);
  if (missingBytes <= leak.expectedBytes * (1 - returnedFraction)) return undefined;
  return { ...leak, quarantinedBytes: nowMs - leak.sinceMs < patienceMs ? leak.quarantinedBytes : missingBytes };
}
