import { createReadStream, createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { AppError, expected } from "@pixelmesh/errors";
import { loadRegistry, type ModelEntry, type ModelTask, readFileDigest, readModelFile } from "@pixelmesh/inference";
import { publishFile, toStorageError } from "../durable.ts";
import { withLock } from "../lock.ts";
import { putEntry } from "../manifest-file.ts";
import { type MatteFamilyName, matteFamilies } from "../matte-families.ts";
import { draftEntry, type Hints } from "./draft.ts";
import { type ModelFile, probeModel } from "./probe-model.ts";

/** Options of `importModel`. */
export type ImportOptions = {
  readonly file: string;
  readonly task: ModelTask;
  /** Default: the file's name without `.onnx`. */
  readonly name?: string;
  readonly dirs: readonly string[];
  /** Directory for the file and its entry. One of `dirs`. */
  readonly targetDir: string;
  readonly licence?: string;
  /** Doubts about the licence of the weights. */
  readonly licenceNote?: string;
  /** What the weights were trained on. */
  readonly trainedOn?: string;
  readonly range?: "unit" | "byte";
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
  /** Family of a matte model, which tells its processing. */
  readonly family?: MatteFamilyName;
  /** Side of the square for a matte model that takes any size. */
  readonly matteSizePx?: number;
  readonly signal: AbortSignal;
  readonly onStep?: (text: string) => void;
};

/** The outcome of an import. */
export type ImportReport = {
  readonly entry: ModelEntry;
  readonly path: string;
  /** Assumptions and warnings for the user. */
  readonly notes: readonly string[];
};

/**
 * Imports an ONNX file as a model: reads its graph, measures the rest by running it in a separate process, copies the file to
 * the target directory and writes its entry. Rejects with MODEL_INVALID if it is no model for the task, and with
 * INVALID_ARGUMENT if another model has the name.
 */
export async function importModel(options: ImportOptions): Promise<ImportReport> {
  const { signal, targetDir, onStep = () => {} } = options;
  const notes: string[] = [];
  const onNote = (text: string) => void notes.push(text);
  const source = resolve(options.file);
  const digest = await readFileDigest(source);
  if (digest === null) throw expected("file", "a file that exists", options.file);
  const onnx = readModelFile(source);
  const file = { path: source, digest: digest.sha256, sizeBytes: digest.sizeBytes };
  const name = options.name ?? toName(source);
  await assertFree(name, file, options);
  const draft = draftEntry(onnx, toHints(name, options, onNote));
  const rangeKnown = options.range !== undefined;
  const sigmoidKnown = options.family !== undefined;
  const probed = await probeModel(draft, { file, rangeKnown, sigmoidKnown, signal, onStep, onNote });
  const entry = { ...probed, sha256: file.digest, sizeBytes: file.sizeBytes };
  const path = join(targetDir, entry.file);
  await withLock(path, { signal }, async () => {
    await assertFree(name, file, options);
    if (path !== source) await copy(file, path, signal);
    await putEntry(targetDir, entry, { signal });
  });
  return { entry, path, notes };
}

function toHints(name: string, options: ImportOptions, onNote: (text: string) => void): Hints {
  const { task, range, mean, std, licence, licenceNote = null, trainedOn = null, family, matteSizePx } = options;
  if (family !== undefined && task !== "matte") throw expected("family", "given for a matte model only", family);
  if (licence === undefined) onNote("no --licence was given: the entry says `unknown`");
  if (task === "matte" && family === undefined && (mean === undefined || std === undefined)) {
    onNote(
      "a graph does not tell how its pictures are normalised: taken as for U²-Net; see --family, --mean, --std, --range",
    );
  }
  return {
    name,
    task,
    licence: licence ?? "unknown",
    licenceNote,
    trainedOn,
    family: family && matteFamilies[family],
    matteSizePx,
    ...(range === undefined ? {} : { range }),
    ...(mean === undefined ? {} : { mean }),
    ...(std === undefined ? {} : { std }),
  };
}

/** Importing the same file again is allowed. */
async function assertFree(name: string, file: ModelFile, { dirs, targetDir }: ImportOptions): Promise<void> {
  const registry = await loadRegistry({ dirs });
  const known = registry.list().find(({ entry }) => entry.name === name);
  const there = known ? null : await readFileDigest(join(targetDir, `${name}.onnx`));
  const taken = known ? known.entry.sha256 !== file.digest : there !== null && there.sha256 !== file.digest;
  if (taken) throw expected("name", "one that no other model has; choose one by --name", name);
}

/** Copies the file beside its final path, checks that the copy is the probed file, and then renames it. */
async function copy(file: ModelFile, path: string, signal: AbortSignal): Promise<void> {
  const partPath = `${path}.part`;
  try {
    await pipeline(createReadStream(file.path), createWriteStream(partPath), { signal });
    if ((await readFileDigest(partPath))?.sha256 !== file.digest) {
      throw new AppError("DIGEST_MISMATCH", `${file.path} was changed while it was imported`);
    }
    await publishFile(partPath, path);
  } catch (error) {
    await rm(partPath, { force: true });
    throw toStorageError(error);
  }
}

function toName(path: string): string {
  const name = basename(path)
    .replace(/\.onnx$/i, "")
    .replace(/[^A-Za-z0-9._-]+/g, "-");
  return name.replace(/^[^A-Za-z0-9]+/, "").slice(0, 64) || "model";
}
