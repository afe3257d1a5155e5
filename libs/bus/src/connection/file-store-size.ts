import { readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { defaultBounds } from "../topology/stream-bounds.ts";

const MiB = 2 ** 20;
const leastBytes = 64 * MiB;

/**
 * How much a private broker may store in a directory: what all default bounds take together, or half of what the disk has free
 * and the broker holds already, where that is less. The other half is for pictures.
 */
export function fileStoreSize(dataDir: string): number {
  const { bavail, bsize } = statfsSync(dataDir);
  const room = Math.floor((bavail * bsize + sizeOf(join(dataDir, "jetstream"))) / 2);
  return Math.max(leastBytes, Math.min(defaultBounds.natsStoreMaxBytes, room));
}

/**
 * `max_file_store` for a broker that was told `wanted`: never less than before, for a broker does not recover streams whose
 * bounds together exceed it.
 */
export function maxFileStore(configPath: string, wanted: number): number {
  // Earlier releases wrote gigabytes.
  const [, size = "0", unit] = /max_file_store: (\d+)(GB)?/.exec(readText(configPath)) ?? [];
  return Math.max(wanted, Number(size) * (unit ? 2 ** 30 : 1));
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function sizeOf(dir: string): number {
  try {
    return readdirSync(dir, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .reduce(
        (sum, entry) => sum + (statSync(join(entry.parentPath, entry.name), { throwIfNoEntry: false })?.size ?? 0),
        0,
      );
  } catch {
    return 0;
  }
}
