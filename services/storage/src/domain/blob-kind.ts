/** How jobs use a blob. It sets the order of eviction when space is short. */
export type BlobKind = "output" | "input" | "frame";

/** All kinds; the one that is evicted last comes first. */
export const blobKinds: readonly BlobKind[] = ["output", "input", "frame"];

/** Returns the kind of a blob that is used in two ways: the one that is evicted later. */
export function strongerKind(one: BlobKind, other: BlobKind): BlobKind {
  return blobKinds.indexOf(one) <= blobKinds.indexOf(other) ? one : other;
}

/** The fields of a blob that are stored in its file's modification time. */
export type MtimeFields = { readonly keepUntilMs: number; readonly kind: BlobKind };

/**
 * Returns the modification time in ms: keepUntil in whole milliseconds, the kind in tenths of one. So one call writes both atomically, and
 * a blob of an older release, which has no tenths, is an output.
 */
export function toMtimeMs({ keepUntilMs, kind }: MtimeFields): number {
  return Math.round(keepUntilMs) + blobKinds.indexOf(kind) / 10;
}

/** Reads a modification time. A time that `toMtimeMs` did not write belongs to an output, the kind that stays longest. */
export function fromMtimeMs(mtimeMs: number): MtimeFields {
  const tenths = Math.round(mtimeMs * 10);
  const kind = blobKinds[tenths % 10];
  const isEncoded = kind !== undefined && Math.abs(mtimeMs * 10 - tenths) < 0.05;
  if (!isEncoded) return { keepUntilMs: Math.round(mtimeMs), kind: "output" };
  return { keepUntilMs: Math.floor(tenths / 10), kind };
}
