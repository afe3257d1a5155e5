import { createHash } from "node:crypto";
import { createReadStream, existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { appendFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import type { SavedOutput } from "./document.ts";
import { isStdin } from "./standard-paths.ts";

/** The pictures that earlier commands have finished in a folder. */
export type Finished = {
  /** Returns the outputs of a picture with this key, if all of them are still there with the same size. */
  find(key: string): readonly SavedOutput[] | undefined;
  /** Notes that a picture is finished. */
  add(key: string, outputs: readonly SavedOutput[]): Promise<void>;
};

/** One line of the list. Paths are names within the folder. */
type Line = { readonly key: string; readonly outputs: readonly SavedOutput[] };

const listName = ".pixelmesh-finished.jsonl";
const maxLines = 200_000;

/** Opens the list of a folder's finished pictures. A line that cannot be read is passed over: its picture is processed again. */
export function openFinished(folder: string): Finished {
  const path = join(folder, listName);
  const known = readLines(path);
  const toPath = (output: SavedOutput): SavedOutput => ({ ...output, path: join(folder, output.path) });
  const isThere = ({ path: file, bytes }: SavedOutput) => sizeOf(file) === bytes;
  return {
    find(key) {
      const outputs = known.get(key)?.map(toPath);
      return outputs?.every(isThere) ? outputs : undefined;
    },
    async add(key, outputs) {
      const named = outputs.map((output) => ({ ...output, path: basename(output.path) }));
      known.set(key, named);
      await appendFile(path, `${JSON.stringify({ key, outputs: named } satisfies Line)}\n`);
    },
  };
}

/** Reads a list, the latest lines of each key. A list that is mostly outdated is written anew. */
function readLines(path: string): Map<string, readonly SavedOutput[]> {
  const known = new Map<string, readonly SavedOutput[]>();
  if (!existsSync(path)) return known;
  const lines = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "");
  for (const line of lines.slice(-maxLines)) {
    const read = parseLine(line);
    if (read) known.set(read.key, read.outputs);
  }
  if (lines.length > 2 * known.size + 1_000) {
    const kept = [...known].map(([key, outputs]) => `${JSON.stringify({ key, outputs })}\n`);
    writeFileSync(`${path}.part`, kept.join(""));
    renameSync(`${path}.part`, path);
  }
  return known;
}

function parseLine(line: string): Line | undefined {
  try {
    const { key, outputs } = JSON.parse(line) as Partial<Line>;
    return typeof key === "string" && Array.isArray(outputs) ? { key, outputs } : undefined;
  } catch {
    return undefined;
  }
}

function sizeOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.size;
}

/**
 * Returns the key of a picture: the digest of the contents of all files that are uploaded, of the settings, and of the name of its outputs. Undefined for
 * a file that can be read only once, such as standard input, and for one that cannot be read.
 */
export async function finishedKey(files: readonly string[], settings: unknown): Promise<string | undefined> {
  const hash = createHash("sha256").update(JSON.stringify(settings));
  for (const file of files) {
    const digest = isStdin(file) ? undefined : await digestOf(file);
    if (digest === undefined) return undefined;
    hash.update(digest);
  }
  return hash.digest("hex");
}

async function digestOf(file: string): Promise<string | undefined> {
  try {
    if (!(await stat(file)).isFile()) return undefined;
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
    return hash.digest("hex");
  } catch {
    // The upload fails with the same error and tells it.
    return undefined;
  }
}
