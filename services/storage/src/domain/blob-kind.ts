import { fromSavedLevel, savedLevels, toSavedLevel } from "./saved-ms.ts";

/** How jobs use a blob. It sets the order of eviction when space is short. */
export type BlobKind = "output" | "input" | "frame";

/** All kinds; the one that is evicted last comes first. */
export const blobKinds: readonly BlobKind[] = ["output", "input", "frame"];

/** Returns the kind of a blob that is used in two ways: the one that is evicted later. */
export function strongerKind(one: BlobKind, other: BlobKind): BlobKind {
  return blobKinds.indexOf(one) <= blobKinds.indexOf(other) ? one : other;
}

/** The fields of a blob that are stored in its file's modification time. */
export type MtimeFields = {
  readonly keepUntilMs: number;
  readonly kind: BlobKind;
  /** Time that a use saves, in milliseconds, to the nearest of 40 levels; 0: unknown. */
  readonly savedMs: number;
};

/** Thousandths of a millisecond before the first level: files without a level have about 0 there, because times are stored as fractions. */
const levelOffset = 10;
/** Thousandths of each level. A level is written near the middle of its two, because file systems and fractions change times by less than one. */
const levelWidth = 2;
const levelMiddle = 1.4;

/**
 * Returns the modification time in ms: keepUntil in whole milliseconds, the kind in tenths of one, the level of the saved time in thousandths. So
 * one call writes all atomically. A blob of an older release has no tenths, which makes it an output, and no thousandths.
 */
export function toMtimeMs({ keepUntilMs, kind, savedMs }: MtimeFields): number {
  const level = toSavedLevel(savedMs);
  const thousandths = level === 0 ? 0 : levelOffset + (level - 1) * levelWidth + levelMiddle;
  return Math.round(keepUntilMs) + blobKinds.indexOf(kind) / 10 + thousandths / 1000;
}

/** Reads a modification time. A time that `toMtimeMs` did not write counts as that of an output, the kind that stays longest, where it can be told. */
export function fromMtimeMs(mtimeMs: number): MtimeFields {
  const wholeMs = Math.floor(mtimeMs);
  // Exact, unlike a product of the whole time.
  const thousandths = (mtimeMs - wholeMs) * 1000;
  const tenths = Math.round(thousandths / 100);
  if (Math.abs(thousandths - tenths * 100) < 5) return toFields(wholeMs + Math.floor(tenths / 10), tenths % 10, 0);
  const below = Math.floor(thousandths / 100);
  return toFields(wholeMs, below, Math.floor((thousandths - below * 100 - levelOffset) / levelWidth) + 1);
}

function toFields(keepUntilMs: number, tenths: number, level: number): MtimeFields {
  const kind = blobKinds[tenths];
  if (kind === undefined || level < 0 || level > savedLevels)
    return { keepUntilMs: keepUntilMs + Math.round(tenths / 10), kind: "output", savedMs: 0 };
  return { keepUntilMs, kind, savedMs: fromSavedLevel(level) };
}
