import type { ManifestPrice } from "../domain/manifest.ts";

/** Returns what a call cost, in millionths of the currency. `seconds`: that the provider computed, as it says; else the time that the call took. */
export function actualMicros({ perCallMicros, perSecondMicros }: ManifestPrice, seconds: number): number {
  return perCallMicros + Math.ceil(perSecondMicros * Math.max(0, seconds));
}
