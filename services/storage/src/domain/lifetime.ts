import { expected } from "@pixelmesh/errors";
import type { BlobKind } from "./blob-kind.ts";

/** Rules for the lifetime of blobs. All in milliseconds. */
export type LifetimeRules = {
  /** The shortest lifetime of a put. */
  readonly minMs: number;
  /** The longest lifetime that may be requested. */
  readonly maxMs: number;
  /** Added to an extension, so that not each use of a blob changes its file. */
  readonly slackMs: number;
  /** A blob expires this long after its lifetime, because clocks differ. */
  readonly graceMs: number;
  /** An output is held this long after its last use even in a full store; after that it is the last kind to be evicted. */
  readonly outputHoldMs: number;
  /** How long an input stays after its lifetime while space is free. */
  readonly inputRestMs: number;
  /** How long a frame stays after its lifetime while space is free. */
  readonly frameRestMs: number;
};

/** Properties of a blob that decide its eviction. Times are Unix milliseconds. */
export type BlobAge = {
  readonly kind: BlobKind;
  readonly keepUntilMs: number;
  /** When it was last stored, extended or read, to a minute. */
  readonly usedMs: number;
};

/** Throws INVALID_ARGUMENT if `askedMs` (Unix; 0: none) is negative or later than the rules allow. */
export function assertKeepUntil(field: string, askedMs: number, nowMs: number, rules: LifetimeRules): void {
  if (Number.isSafeInteger(askedMs) && askedMs >= 0 && askedMs <= nowMs + rules.maxMs) return;
  const limit = `0 or a Unix time in ms at most ${Math.floor(rules.maxMs / 3_600_000)} hours ahead`;
  throw expected(field, limit, askedMs);
}

/** Returns keepUntil of a new blob: the requested time; for outputs and without a request at least the shortest lifetime. */
export function firstKeepUntil(
  askedMs: number,
  nowMs: number,
  rules: LifetimeRules,
  kind: BlobKind = "output",
): number {
  if (kind !== "output" && askedMs > 0) return askedMs;
  return Math.max(askedMs, nowMs + rules.minMs);
}

/** Returns keepUntil of a stored blob: never shortened; if `wantedMs` is later, `wantedMs` plus the slack. */
export function extendedKeepUntil(currentMs: number, wantedMs: number, rules: LifetimeRules): number {
  return wantedMs <= currentMs ? currentMs : wantedMs + rules.slackMs;
}

/** Returns whether a blob is to be deleted even while space is free. */
export function isExpired({ kind, keepUntilMs }: BlobAge, nowMs: number, rules: LifetimeRules): boolean {
  const restMs = { output: 0, input: rules.inputRestMs, frame: rules.frameRestMs }[kind];
  return keepUntilMs + restMs + rules.graceMs < nowMs;
}

/** Returns the eviction rank of a blob: 0 expired, 1 frame, 2 input, 3 output, lowest first; undefined if it may not be evicted. */
export function evictionRank(blob: BlobAge, nowMs: number, rules: LifetimeRules): number | undefined {
  const { kind, keepUntilMs, usedMs } = blob;
  if (isExpired(blob, nowMs, rules)) return 0;
  if (kind === "output") return usedMs + rules.outputHoldMs < nowMs ? 3 : undefined;
  if (keepUntilMs + rules.graceMs >= nowMs) return undefined;
  return kind === "frame" ? 1 : 2;
}

/** Returns a keepUntil with which a blob may be evicted from now on. */
export function endedKeepUntil(nowMs: number, rules: LifetimeRules): number {
  return nowMs - rules.graceMs - 1;
}
