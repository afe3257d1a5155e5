import type { Device } from "../api/types.ts";

/** Shares of a device's memory, each from 0 to 1. Those of used memory add up to at most 1. */
export type MemoryShares = {
  /** Used by processes of the mesh. */
  readonly ours: number;
  /** Used by other processes. */
  readonly others: number;
  /** Memory of ended processes that the device still shows as used. */
  readonly quarantined: number;
  /** Granted to runs, whether they use it yet or not. */
  readonly granted: number;
};

/** Above it, a device is AMBER. */
export const amberShare = 0.85;
/** Above it, a device is RED. */
export const redShare = 0.95;

/** Returns how the memory of a device is used. A device of unknown size has no shares. */
export function memoryShares(device: Device): MemoryShares {
  const { totalBytes, observedBytes, externalBytes, quarantinedBytes, committedBytes } = device;
  if (totalBytes <= 0) return { ours: 0, others: 0, quarantined: 0, granted: 0 };
  const share = (bytes: number) => Math.min(1, Math.max(0, bytes / totalBytes));
  const quarantined = Math.min(quarantinedBytes, externalBytes);
  return {
    ours: share(observedBytes - externalBytes),
    others: share(externalBytes - quarantined),
    quarantined: share(quarantined),
    granted: share(committedBytes),
  };
}
