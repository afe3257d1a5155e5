import { expected } from "@pixelmesh/errors";

/** How long blobs live. All in milliseconds. */
export type LifetimeRules = {
  /** The shortest life a put gives, whatever it asks for. */
  readonly minMs: number;
  /** The furthest ahead a life may be asked for. */
  readonly maxMs: number;
  /** Added to an extension, so that a blob in steady use is not written to on every use. */
  readonly slackMs: number;
  /** How long past its life a blob is still left alone, for clocks that differ. */
  readonly graceMs: number;
};

/** Throws INVALID_ARGUMENT when `askedMs` (Unix; 0: nothing asked) is negative or further ahead than the rules allow. */
export function assertKeepUntil(field: string, askedMs: number, nowMs: number, rules: LifetimeRules): void {
  if (Number.isSafeInteger(askedMs) && askedMs >= 0 && askedMs <= nowMs + rules.maxMs) return;
  const limit = `0 or a Unix time in ms at most ${Math.floor(rules.maxMs / 3_600_000)} hours ahead`;
  throw expected(field, limit, askedMs);
}

/** The life of bytes that are new: what was asked for, and at least the shortest life. */
export function firstKeepUntil(askedMs: number, nowMs: number, rules: LifetimeRules): number {
  return Math.max(askedMs, nowMs + rules.minMs);
}

/** The life of bytes that are there: never shortened; where `wantedMs` is beyond it, extended past that by the slack. */
export function extendedKeepUntil(currentMs: number, wantedMs: number, rules: LifetimeRules): number {
  return wantedMs <= currentMs ? currentMs : wantedMs + rules.slackMs;
}

/** Whether bytes may be deleted to make room. */
export function isExpired(keepUntilMs: number, nowMs: number, rules: LifetimeRules): boolean {
  return keepUntilMs + rules.graceMs < nowMs;
}
