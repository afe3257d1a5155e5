import type { Rules } from "../rules.ts";

/** A device that has learned caution: `caution` is how far green is lowered, as a fraction of its memory. */
export type Cautious = { caution: number; cautionAtMs: number };

/** Green is never lowered by more: work must go on, if only with one thing at a time. */
const maxCaution = 0.4;

/** Additive increase, the other way round: each time that memory ran out, green is lowered by a step. */
export function noteOutOfMemory(device: Cautious, nowMs: number, rules: Rules): void {
  device.caution = Math.min(maxCaution, device.caution + rules.cautionStep);
  device.cautionAtMs = nowMs;
}

/** Raises green again, a little for each quiet while, up to what is configured. Answers whether anything changed. */
export function regainGreen(device: Cautious, nowMs: number, rules: Rules): boolean {
  const whiles = Math.floor((nowMs - device.cautionAtMs) / rules.quietMs);
  if (device.caution === 0 || whiles < 1) return false;
  device.caution = Math.max(0, device.caution - whiles * rules.quietStep);
  device.cautionAtMs += whiles * rules.quietMs;
  return true;
}

/** The rules as they are for a device at present. */
export function rulesOf({ caution }: Pick<Cautious, "caution">, rules: Rules): Rules {
  if (caution === 0) return rules;
  // In whole millionths: a sum of points must not end just below the point.
  const greenFraction = Math.round((rules.greenFraction - caution) * 1e6) / 1e6;
  return { ...rules, greenFraction, leaveAmberFraction: Math.min(rules.leaveAmberFraction, greenFraction - 0.05) };
}
