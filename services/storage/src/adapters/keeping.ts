import type { Stats } from "node:fs";
import { open, stat, utimes } from "node:fs/promises";
import type { Holds } from "../domain/holds.ts";
import { strongerKind, toMarkMs } from "../domain/kind.ts";
import { endedKeepUntil, extendedKeepUntil, type LifetimeRules } from "../domain/lifetime.ts";
import type { Use } from "../domain/ports.ts";
import type { Capacity } from "./capacity.ts";
import type { Layout } from "./layout.ts";
import type { VerifiedMemo } from "./verified-memo.ts";
import { type StoredBlob, toStoredBlob } from "./walk.ts";

/** The parts of a store that change the life of a blob. Its lock is held by the caller, for every function here. */
export type KeepingParts = {
  readonly layout: Layout;
  readonly lifetime: LifetimeRules;
  readonly holds: Holds;
  readonly capacity: Capacity;
  readonly verified: VerifiedMemo;
  readonly unixMs: () => number;
};

/** A use is noted at most so often. */
const noteEveryMs = 60_000;

/**
 * Extends the life of a blob to `wantedMs` at least, makes it of the kind that stays longer and notes that it is used. With
 * `isDurable` that is on disk when it answers. `wantedMs` 0 asks for nothing but the note.
 */
export async function keepBlob(
  parts: KeepingParts,
  blob: StoredBlob,
  wantedMs: number,
  { kind = "output", jobId = "" }: Use,
  isDurable: boolean,
): Promise<StoredBlob> {
  const { holds, lifetime, capacity } = parts;
  if (kind !== "output" && jobId !== "" && wantedMs > 0) holds.add(blob.sha256, jobId, wantedMs, blob.keepUntilMs);
  else holds.pin(blob.sha256, wantedMs);
  const keepUntilMs = extendedKeepUntil(blob.keepUntilMs, wantedMs, lifetime);
  const mark = { keepUntilMs, kind: wantedMs > 0 ? strongerKind(blob.kind, kind) : blob.kind };
  const isNew = keepUntilMs !== blob.keepUntilMs || mark.kind !== blob.kind;
  if (!isNew && parts.unixMs() - blob.usedMs < noteEveryMs) return blob;
  const kept = await setMark(parts, blob, toMarkMs(mark), isNew && isDurable);
  if (mark.kind !== blob.kind) capacity.move(blob.kind, mark.kind, blob.sizeBytes);
  return kept;
}

/**
 * Ends the life of an input or a frame that a job has let go, unless others still ask for it (`untilMs`): then it stays as it is, and
 * a blob in steady use is not written to. Answers the blob that may give way now.
 */
export async function endBlob(parts: KeepingParts, blob: StoredBlob, untilMs: number): Promise<StoredBlob | undefined> {
  if (blob.kind === "output") return undefined;
  const endMs = endedKeepUntil(parts.unixMs(), parts.lifetime);
  if (untilMs > endMs || endMs >= blob.keepUntilMs) return undefined;
  return setMark(parts, blob, toMarkMs({ keepUntilMs: endMs, kind: blob.kind }), false);
}

async function setMark(parts: KeepingParts, blob: StoredBlob, markMs: number, isDurable: boolean): Promise<StoredBlob> {
  const path = parts.layout.blobPath(blob.sha256);
  const seconds = markMs / 1000;
  let file: Stats;
  if (isDurable) {
    const handle = await open(path, "r");
    try {
      await handle.utimes(seconds, seconds);
      await handle.sync();
      file = await handle.stat();
    } finally {
      await handle.close();
    }
  } else {
    await utimes(path, seconds, seconds);
    file = await stat(path);
  }
  parts.verified.move(blob.sha256, blob.file, file);
  return toStoredBlob(blob.sha256, file);
}
