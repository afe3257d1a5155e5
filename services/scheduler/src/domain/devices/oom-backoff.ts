import type { Rules } from "../rules.ts";

/** The out-of-memory backoff of a device: how far its green threshold is lowered, as a fraction of its memory. */
export type OutOfMemoryBackoff = {
  greenReduction: number;
  /** When it was last changed, on the scheduler's clock. */
  greenChangedAtMs: number;
};

/** The largest reduction: at least one run at a time must still fit. */
const maxReduction = 0.4;

/** After each out-of-memory event, lowers the green threshold by one step. */
export function lowerGreen(device: OutOfMemoryBackoff, nowMs: number, rules: Rules): void {
  device.greenReduction = Math.min(maxReduction, device.greenReduction + rules.oomStep);
  device.greenChangedAtMs = nowMs;
}

/** Raises the green threshold by one recovery step for each full `oomRecoveryMs`. Returns whether it changed. */
export function raiseGreen(device: OutOfMemoryBackoff, nowMs: number, rules: Rules): boolean {
  const steps = Math.floor((nowMs - device.greenChangedAtMs) / rules.oomRecoveryMs);
  if (device.greenReduction === 0 || steps < 1) return false;
  device.greenReduction = Math.max(0, device.greenReduction - steps * rules.oomRecoveryStep);
  device.greenChangedAtMs += steps * rules.oomRecoveryMs;
  return true;
}

/** Returns the rules with the green threshold of the device. */
export function rulesFor({ greenReduction }: Pick<OutOfMemoryBackoff, "greenReduction">, rules: Rules): Rules {
  if (greenReduction === 0) return rules;
  // Rounded to millionths, so that sums of steps do not fall just below the exact value.
  const greenFraction = Math.round((rules.greenFraction - greenReduction) * 1e6) / 1e6;
  return { ...rules, greenFraction, leaveAmberFraction: Math.min(rules.leaveAmberFraction, greenFraction - 0.05) };
}
