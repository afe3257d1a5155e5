import { expected } from "@pixelmesh/errors";
import type { BlobKind } from "./kind.ts";

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
  /** How long an output is held after its last use, however full the store is; after that it is the last kind to give way. */
  readonly outputHoldMs: number;
  /** How long an input stays past its life while there is room. */
  readonly inputRestMs: number;
  /** How long a frame stays past its life while there is room. */
  readonly frameRestMs: number;
};

/** Facts of a blob that decide about its life. Times are Unix milliseconds. */
export type Aged = {
  readonly kind: BlobKind;
  readonly keepUntilMs: number;
  /** When it was stored, extended or read last, to a minute. */
  readonly usedMs: number;
};

/** Throws INVALID_ARGUMENT when `askedMs` (Unix; 0: nothing asked) is negative or further ahead than the rules allow. */
export function assertKeepUntil(field: string, askedMs: number, nowMs: number, rules: LifetimeRules): void {
  if (Number.isSafeInteger(askedMs) && askedMs >= 0 && askedMs <= nowMs + rules.maxMs) return;
  const limit = `0 or a Unix time in ms at most ${Math.floor(rules.maxMs / 3_600_000)} hours ahead`;
  throw expected(field, limit, askedMs);
}

/** The life of bytes that are new: what was asked for, and of outputs and where nothing was asked at least the shortest life. */
export function firstKeepUntil(
  askedMs: number,
  nowMs: number,
  rules: LifetimeRules,
  kind: BlobKind = "output",
): number {
  if (kind !== "output" && askedMs > 0) return askedMs;
  return Math.max(askedMs, nowMs + rules.minMs);
}

/** The life of bytes that are there: never shortened; where `wantedMs` is beyond it, extended past that by the slack. */
export function extendedKeepUntil(currentMs: number, wantedMs: number, rules: LifetimeRules): number {
  return wantedMs <= currentMs ? currentMs : wantedMs + rules.slackMs;
}

/** Whether bytes are to be deleted, room or no room. */
export function isExpired({ kind, keepUntilMs }: Aged, nowMs: number, rules: LifetimeRules): boolean {
  const restMs = { output: 0, input: rules.inputRestMs, frame: rules.frameRestMs }[kind];
  return keepUntilMs + restMs + rules.graceMs < nowMs;
}

/** In which turn bytes give way when room is short: expired ones, frames, inputs, outputs; undefined for those that must stay. */
export function evictionTurn(blob: Aged, nowMs: number, rules: LifetimeRules): number | undefined {
  const { kind, keepUntilMs, usedMs } = blob;
  if (isExpired(blob, nowMs, rules)) return 0;
  if (kind === "output") return usedMs + rules.outputHoldMs < nowMs ? 3 : undefined;
  if (keepUntilMs + rules.graceMs >= nowMs) return undefined;
  return kind === "frame" ? 1 : 2;
}

/** The life that lets bytes give way from now on. */
export function endedKeepUntil(nowMs: number, rules: LifetimeRules): number {
  return nowMs - rules.graceMs - 1;
}
