import { open, rename } from "node:fs/promises";
import { join } from "node:path";
import { isDigest } from "../../domain/digest.ts";
import { readSmallFile } from "../small-file.ts";
import type { HotUses } from "./hot-tier.ts";

/** The uses of the most valuable copies in memory, in a file of the replica's directory. */
export type HotSnapshot = {
  /** Returns the uses of the last snapshot, the most valuable first; none if there is no snapshot or it cannot be read. */
  load(): Promise<HotUses[]>;
  /** Replaces the snapshot atomically. At most 20,000 copies are kept. Throws file system errors. */
  save(uses: readonly HotUses[]): Promise<void>;
};

/** Most copies of a snapshot: about 2 MiB. */
export const maxSnapshotCopies = 20_000;
const maxSnapshotBytes = 4 * 1024 * 1024;
const version = 1;

/** Creates the snapshot of a directory. One process at a time uses it. */
export function createHotSnapshot(directory: string): HotSnapshot {
  const path = join(directory, "hot-copies.json");
  return {
    async load() {
      try {
        const found = await readSmallFile(path, maxSnapshotBytes);
        return found?.bytes === undefined ? [] : parseSnapshot(found.bytes.toString("utf8"));
      } catch {
        // The copies return as they are read; nothing else depends on the file.
        return [];
      }
    },
    async save(uses) {
      const copies = uses
        .slice(0, maxSnapshotCopies)
        .map(({ sha256, sizeBytes, uses: count, savedMs }) => [sha256, sizeBytes, Number(count.toFixed(3)), savedMs]);
      const newPath = `${path}.new`;
      const file = await open(newPath, "w", 0o640);
      try {
        await file.writeFile(JSON.stringify({ version, copies }));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(newPath, path);
    },
  };
}

function parseSnapshot(text: string): HotUses[] {
  const { version: found, copies } = JSON.parse(text) as { version?: unknown; copies?: unknown };
  if (found !== version || !Array.isArray(copies)) return [];
  return copies.slice(0, maxSnapshotCopies).flatMap((row: unknown) => {
    const [sha256, sizeBytes, uses, savedMs] = Array.isArray(row) ? row : [];
    const isValid =
      typeof sha256 === "string" &&
      isDigest(sha256) &&
      Number.isSafeInteger(sizeBytes) &&
      sizeBytes >= 0 &&
      Number.isFinite(uses) &&
      uses > 0 &&
      Number.isFinite(savedMs) &&
      savedMs >= 0;
    return isValid ? [{ sha256, sizeBytes, uses, savedMs }] : [];
  });
}
