import { rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { orMissing } from "./fs-errors.ts";
import { type Layout, listNames } from "./layout.ts";

/** How many blobs are kept for inspection; the oldest are removed first. */
const maxKept = 100;

/**
 * Moves a blob's file to the quarantine, named by digest and time. Returns false if the file does not exist, or if it does not have
 * `inode` because another file has replaced it.
 */
export async function quarantine(layout: Layout, sha256: string, nowMs: number, inode?: number): Promise<boolean> {
  const path = layout.blobPath(sha256);
  const found = await orMissing(stat(path));
  if (found === undefined || (inode !== undefined && found.ino !== inode)) return false;
  await rename(path, join(layout.quarantineDir, `${sha256}-${nowMs}`));
  return true;
}

/** Removes blobs that were quarantined `keepMs` ago or earlier, and the oldest above 100. */
export async function trimQuarantine(layout: Layout, nowMs: number, keepMs: number): Promise<void> {
  const aged = await Promise.all(
    (await listNames(layout.quarantineDir)).map(async (name) => {
      const path = join(layout.quarantineDir, name);
      return { path, quarantinedAtMs: (await orMissing(stat(path)))?.ctimeMs ?? nowMs };
    }),
  );
  aged.sort((a, b) => b.quarantinedAtMs - a.quarantinedAtMs);
  for (const [rank, { path, quarantinedAtMs }] of aged.entries()) {
    if (rank >= maxKept || nowMs - quarantinedAtMs > keepMs) await rm(path, { force: true });
  }
}
