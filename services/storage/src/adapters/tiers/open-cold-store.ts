import { fileURLToPath } from "node:url";
import { ConfigError, type ConfigOf } from "@pixelmesh/config";
import type { ColdStore } from "../../domain/cold-store.ts";
import { openColdDirectory } from "../cold-directory.ts";
import type { s3Fields } from "../s3/s3-fields.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;

/**
 * Opens the shared store that `PIXELMESH_STORAGE_COLD` names: `file:///path` or `s3://bucket/prefix`. The S3 client is loaded only for the
 * latter. Throws ConfigError for any other address, STORAGE_UNAVAILABLE if a directory does not exist.
 */
export async function openColdStore(address: string, settings: ConfigOf<typeof s3Fields>): Promise<ColdStore> {
  if (address.startsWith("s3://")) {
    const { openS3Store } = await import("../s3/open-s3-store.ts");
    return await openS3Store({ ...settings, address });
  }
  return await openColdDirectory({
    directory: toPath(address),
    tempStaleMs: hourMs,
    trustMs: 10 * minuteMs,
    quarantineMs: 7 * 24 * hourMs,
    unixMs: Date.now,
    monotonicMs: () => performance.now(),
  });
}

function toPath(address: string): string {
  try {
    if (address.startsWith("file:///")) return fileURLToPath(address);
  } catch {
    // Not a path of this system, such as one with an encoded slash.
  }
  throw new ConfigError([
    `Expected PIXELMESH_STORAGE_COLD to be empty, file:///path or s3://bucket/prefix, got \`${address}\``,
  ]);
}
