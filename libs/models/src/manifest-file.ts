import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type ModelEntry, parseManifest } from "@pixelmesh/inference";
import { writeFileDurably } from "./durable.ts";
import { type LockOptions, withLock } from "./lock.ts";

type RawManifest = { version: 1; models: { name: string }[] };

/**
 * Writes an entry to the manifest of a directory. Replaces an entry of the same name; other entries keep their text. Rejects with
 * INVALID_ARGUMENT, and writes nothing, if the manifest is invalid before or would be invalid after.
 */
export async function putEntry(dir: string, entry: ModelEntry, options: LockOptions): Promise<void> {
  const path = join(dir, "manifest.json");
  await withLock(path, options, async () => {
    const manifest = await read(path);
    const at = manifest.models.findIndex(({ name }) => name === entry.name);
    if (at < 0) manifest.models.push(entry);
    else manifest.models[at] = entry;
    const text = `${JSON.stringify(manifest, null, 2)}\n`;
    parseManifest(text, path);
    await writeFileDurably(path, text);
  });
}

async function read(path: string): Promise<RawManifest> {
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return null;
    throw error;
  });
  if (text === null) return { version: 1, models: [] };
  parseManifest(text, path);
  return JSON.parse(text) as RawManifest;
}
