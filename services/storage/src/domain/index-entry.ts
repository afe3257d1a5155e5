import type { BlobKind } from "./blob-kind.ts";
import { strongerKind } from "./blob-kind.ts";
import { extendedKeepUntil, firstKeepUntil, type LifetimeRules } from "./lifetime.ts";
import { isNearSavedMs } from "./saved-ms.ts";
import { type ClassTtls, toUsedUntilMs } from "./use-class.ts";

/** What the index says about one blob of the shared store. Times are Unix milliseconds. */
export type IndexEntry = {
  readonly sizeBytes: number;
  readonly kind: BlobKind;
  /** Reads and repeated puts. */
  readonly uses: number;
  readonly lastUseMs: number;
  /** The blob stays until then without a job: outputs, and puts without a job. */
  readonly askedUntilMs: number;
  /** Open jobs that need the blob, and until when. */
  readonly pins: ReadonlyMap<string, number>;
  /** Since when a replica removes the blob; 0: it is live. */
  readonly removingSinceMs: number;
  /** Time that a use saves, in milliseconds; 0: unknown. */
  readonly savedMs: number;
};

/** A request to keep a blob; `keepUntilMs` of 0 means the shortest lifetime. */
export type Claim = {
  readonly sizeBytes: number;
  readonly kind: BlobKind;
  /** Empty: no job. */
  readonly jobId: string;
  readonly keepUntilMs: number;
  /** Time that a use saves, in milliseconds; 0: unknown, or as given before. */
  readonly savedMs: number;
};

/** Rules of the shared store: the lifetimes of the store, and the time after the last use by class. */
export type IndexRules = { readonly lifetime: LifetimeRules; readonly ttls: ClassTtls };

/** Jobs that one entry names. A further job extends `askedUntilMs` instead, so the blob stays until that job's deadline. */
const maxPins = 64;

/** Returns until when the blob is promised or needed. */
export function keepUntilOf({ askedUntilMs, pins }: IndexEntry): number {
  return Math.max(askedUntilMs, ...pins.values());
}

/** Returns the entry after a claim: lifetimes are only extended. An entry that is being removed starts anew. */
export function claimEntry(
  found: IndexEntry | undefined,
  claim: Claim,
  nowMs: number,
  rules: LifetimeRules,
): IndexEntry {
  const { sizeBytes, kind, jobId } = claim;
  const entry = found?.removingSinceMs === 0 ? found : undefined;
  const wantedMs = firstKeepUntil(claim.keepUntilMs, nowMs, rules, kind);
  const known = entry?.pins.get(jobId);
  const isPin = kind !== "output" && jobId !== "" && (known !== undefined || (entry?.pins.size ?? 0) < maxPins);
  const askedMs = entry?.askedUntilMs ?? 0;
  return {
    sizeBytes,
    kind: entry ? strongerKind(entry.kind, kind) : kind,
    uses: entry ? entry.uses + 1 : 0,
    lastUseMs: nowMs,
    askedUntilMs: isPin ? askedMs : entry ? extendedKeepUntil(askedMs, wantedMs, rules) : wantedMs,
    pins: isPin ? new Map(entry?.pins).set(jobId, Math.max(known ?? 0, wantedMs)) : (entry?.pins ?? new Map()),
    removingSinceMs: 0,
    // That of a blob which was being removed is still right.
    savedMs: claim.savedMs || (found?.savedMs ?? 0),
  };
}

/** Shortest time between two writes of an entry's last use by claims. */
const recordUseEveryMs = 60_000;

/** Returns whether a claim changes nothing but the uses, so that it needs no write of its own. */
export function isClaimed(entry: IndexEntry, claim: Claim, nowMs: number, rules: LifetimeRules): boolean {
  const { kind, jobId } = claim;
  const untilMs = kind !== "output" && jobId !== "" ? entry.pins.get(jobId) : entry.askedUntilMs;
  const isKept = untilMs !== undefined && untilMs >= firstKeepUntil(claim.keepUntilMs, nowMs, rules, kind);
  const isSame = strongerKind(entry.kind, kind) === entry.kind && entry.sizeBytes === claim.sizeBytes;
  const isSavedNear = isNearSavedMs(entry.savedMs, claim.savedMs);
  return entry.removingSinceMs === 0 && isKept && isSame && isSavedNear && nowMs - entry.lastUseMs < recordUseEveryMs;
}

/** Returns the entry without a job's need; undefined if the job does not need it. */
export function releaseEntry(entry: IndexEntry, jobId: string): IndexEntry | undefined {
  if (!entry.pins.has(jobId)) return undefined;
  return { ...entry, pins: new Map([...entry.pins].filter(([pinned]) => pinned !== jobId)) };
}

/** Returns whether the shared store may remove the blob while it has space. */
export function isEntryExpired(entry: IndexEntry, nowMs: number, { lifetime, ttls }: IndexRules): boolean {
  if (keepUntilOf(entry) + lifetime.graceMs >= nowMs) return false;
  const usedUntilMs =
    entry.kind === "frame" ? entry.lastUseMs + lifetime.frameRestMs : toUsedUntilMs(entry, nowMs, ttls);
  return usedUntilMs < nowMs;
}

/**
 * Returns the eviction rank of a blob in a full shared store: 0 expired, 1 frame, 2 input, 3 output, lowest first; undefined if it may not be
 * evicted, because a job needs it or because it is an output in the time that outputs are held after their last use.
 */
export function entryRank(entry: IndexEntry, nowMs: number, rules: IndexRules): number | undefined {
  const { graceMs, outputHoldMs } = rules.lifetime;
  if (isEntryExpired(entry, nowMs, rules)) return 0;
  if (entry.kind === "output") return entry.lastUseMs + outputHoldMs < nowMs && !isPinned(entry, nowMs) ? 3 : undefined;
  if (keepUntilOf(entry) + graceMs >= nowMs) return undefined;
  return entry.kind === "frame" ? 1 : 2;
}

function isPinned({ pins }: IndexEntry, nowMs: number): boolean {
  return [...pins.values()].some((untilMs) => untilMs >= nowMs);
}
