import { readdirSync, readFileSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";
import { defaultBounds } from "../topology/stream-bounds.ts";

const MiB = 2 ** 20;
const leastBytes = 64 * MiB;

/**
 * Returns how many bytes a private broker may store in a directory: the sum of all default bounds, at most half of the disk space that is
 * free or used by the broker. The other half is for pictures.
 */
export function fileStoreSize(dataDir: string): number {
  const { bavail, bsize } = statfsSync(dataDir);
  const halfOfDisk = Math.floor((bavail * bsize + sizeOf(join(dataDir, "jetstream"))) / 2);
  return Math.max(leastBytes, Math.min(defaultBounds.natsStoreMaxBytes, halfOfDisk));
}

/**
 * Returns `max_file_store` for a broker: `wanted`, or the value of its existing configuration if that is larger. A broker does not
 * recover streams whose bounds together exceed it.
 */
export function maxFileStore(configPath: string, wanted: number): number {
  // Earlier releases wrote the size in gigabytes.
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
