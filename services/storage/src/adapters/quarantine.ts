import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { orMissing } from "./fs-errors.ts";
import { type Layout, listNames } from "./layout.ts";

/** How many blobs are kept for inspection; the oldest go first. */
const maxKept = 100;

/**
 * Takes a blob's file out of service and keeps it aside under its digest and the time. False where it was gone, or, with
 * `inode` given, where another file has taken its place.
 */
export async function quarantine(layout: Layout, sha256: string, nowMs: number, inode?: number): Promise<boolean> {
  const path = layout.blobPath(sha256);
  const found = await orMissing(stat(path));
  if (found === undefined || (inode !== undefined && found.ino !== inode)) return false;
  await rename(path, join(layout.quarantineDir, `${sha256}-${nowMs}`));
  return true;
}

/** Removes what has lain aside for `keepMs`, and the oldest above 100. */
export async function trimQuarantine(layout: Layout, nowMs: number, keepMs: number): Promise<void> {
  const aged = await Promise.all(
    (await listNames(layout.quarantineDir)).map(async (name) => {
      const path = join(layout.quarantineDir, name);
      return { path, asideMs: (await orMissing(stat(path)))?.ctimeMs ?? nowMs };
    }),
  );
  aged.sort((a, b) => b.asideMs - a.asideMs);
  for (const [rank, { path, asideMs }] of aged.entries()) {
    if (rank >= maxKept || nowMs - asideMs > keepMs) await rm(path, { force: true });
  }
}
