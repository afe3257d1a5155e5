/** The role of bytes for the jobs that use them. It decides what gives way first when room is short. */
export type BlobKind = "output" | "input" | "frame";

/** Every kind, the first to stay first. */
export const blobKinds: readonly BlobKind[] = ["output", "input", "frame"];

/** The kind of bytes that are used in two ways: the one that stays longer. */
export function strongerKind(one: BlobKind, other: BlobKind): BlobKind {
  return blobKinds.indexOf(one) <= blobKinds.indexOf(other) ? one : other;
}

/** A life and a kind as they are kept in one modification time. */
export type Mark = { readonly keepUntilMs: number; readonly kind: BlobKind };

/**
 * The modification time that says both, in milliseconds: the life in whole milliseconds, the kind in tenths of one. So both are
 * written by one call, atomically, and a blob of an older release, which has no tenths, is an output.
 */
export function toMarkMs({ keepUntilMs, kind }: Mark): number {
  return Math.round(keepUntilMs) + blobKinds.indexOf(kind) / 10;
}

/** Reads a modification time. One that was not written by `toMarkMs` is that of an output, the kind that stays longest. */
export function fromMarkMs(mtimeMs: number): Mark {
  const tenths = Math.round(mtimeMs * 10);
  const kind = blobKinds[tenths % 10];
  const isMark = kind !== undefined && Math.abs(mtimeMs * 10 - tenths) < 0.05;
  return isMark ? { keepUntilMs: Math.floor(tenths / 10), kind } : { keepUntilMs: Math.round(mtimeMs), kind: "output" };
}
