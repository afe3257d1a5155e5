import { createHash } from "node:crypto";
import { closeSync, createReadStream, openSync, readSync, renameSync, statSync, writeSync } from "node:fs";
import { appendFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { StringDecoder } from "node:string_decoder";
import type { SavedOutput } from "./document.ts";
import { isStdin } from "./standard-paths.ts";

/** A picture of a watched folder, by its path within the folder, and the beginning of the names of its outputs. */
export type Origin = { readonly source: string; readonly stem: string };

/** The pictures that earlier commands have finished in a folder. */
export type Finished = {
  /** Returns the outputs of a picture with this key, if all of them are still there with the same size. */
  find(key: string): readonly SavedOutput[] | undefined;
  /** Notes that a picture is finished. Throws errors of the file system; the next line is then whole again. */
  add(key: string, outputs: readonly SavedOutput[], origin?: Origin): Promise<void>;
  /** The origins of the pictures that `watch` has finished, oldest first. */
  origins(): Iterable<Origin>;
};

/** One line of the list. Paths are names within the folder. */
type Line = { readonly key: string; readonly outputs: readonly SavedOutput[] } & Partial<Origin>;

const listName = ".pixelmesh-finished.jsonl";
/** Lines that are kept in memory and read back, the latest ones: about 70 MB. */
const maxLines = 200_000;
const readBytes = 1024 * 1024;

/** Opens the list of a folder's finished pictures. A line that cannot be read is passed over: its picture is processed again. */
export function openFinished(folder: string): Finished {
  const path = join(folder, listName);
  const { known, isCut } = readLines(path);
  let needsBreak = isCut;
  const toPath = (output: SavedOutput): SavedOutput => ({ ...output, path: join(folder, output.path) });
  const isThere = ({ path: file, bytes }: SavedOutput) => sizeOf(file) === bytes;
  return {
    find(key) {
      const text = known.get(key);
      const outputs = text === undefined ? undefined : parseLine(text)?.outputs.map(toPath);
      return outputs?.every(isThere) ? outputs : undefined;
    },
    async add(key, outputs, origin) {
      const named = outputs.map((output) => ({ ...output, path: basename(output.path) }));
      const text = JSON.stringify({ key, outputs: named, ...origin } satisfies Line);
      const start = needsBreak ? "\n" : "";
      needsBreak = false;
      try {
        await appendFile(path, `${start}${text}\n`);
      } catch (error) {
        // A failed write may have left a part of the line.
        needsBreak = true;
        throw error;
      }
      keep(known, key, text);
    },
    *origins() {
      for (const text of known.values()) {
        const { source, stem } = parseLine(text) ?? {};
        if (typeof source === "string" && typeof stem === "string") yield { source, stem };
      }
    },
  };
}

/** The texts of the latest lines by key, which take less memory than their objects. */
type Known = Map<string, string>;

function keep(known: Known, key: string, text: string): void {
  known.delete(key);
  known.set(key, text);
  if (known.size <= maxLines) return;
  const [oldest] = known.keys();
  if (oldest !== undefined) known.delete(oldest);
}

/** Reads a list, the latest line of each key. A list that is mostly outdated is written anew. `isCut`: its last line has no end. */
function readLines(path: string): { readonly known: Known; readonly isCut: boolean } {
  const known: Known = new Map();
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return { known, isCut: false };
  let count = 0;
  let last = "\n";
  for (const line of linesOf(path)) {
    last = line;
    if (line === "\n") continue;
    count += 1;
    const text = line.trimEnd();
    const read = parseLine(text);
    if (read) keep(known, read.key, text);
  }
  if (count <= 2 * known.size + 1_000) return { known, isCut: !last.endsWith("\n") };
  writeAnew(path, known);
  return { known, isCut: false };
}

/** Yields the lines of a file with their line breaks, without holding the file in memory. */
function* linesOf(path: string): Generator<string> {
  const file = openSync(path, "r");
  const decoder = new StringDecoder("utf8");
  const buffer = Buffer.allocUnsafe(readBytes);
  let rest = "";
  try {
    for (;;) {
      const bytes = readSync(file, buffer);
      if (bytes === 0) break;
      const parts = (rest + decoder.write(buffer.subarray(0, bytes))).split("\n");
      rest = parts.pop() ?? "";
      for (const part of parts) yield `${part}\n`;
    }
    if (rest !== "") yield rest;
  } finally {
    closeSync(file);
  }
}

function writeAnew(path: string, known: Known): void {
  const part = `${path}.part`;
  const file = openSync(part, "w");
  try {
    for (const text of known.values()) writeSync(file, `${text}\n`);
  } finally {
    closeSync(file);
  }
  renameSync(part, path);
}

function parseLine(line: string): Line | undefined {
  try {
    const read = JSON.parse(line) as Partial<Line>;
    return typeof read.key === "string" && Array.isArray(read.outputs) ? (read as Line) : undefined;
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
