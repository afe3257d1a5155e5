import { createReadStream, createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import {
  type AvailableModel,
  assertModelFile,
  loadRegistry,
  type ModelEntry,
  type ModelStatus,
  type OnnxFile,
  readFileDigest,
} from "@pixelmesh/inference";
import { download, type Progress } from "./download.ts";
import { publishFile, toStorageError } from "./durable.ts";
import { createHttpClient, type HttpLimits } from "./http.ts";
import { withLock } from "./lock.ts";
import { putEntry } from "./manifest-file.ts";
import { readPart, removePart } from "./part.ts";
import { type Source, toPublicText, toSource } from "./source.ts";

/** Options of `pullModel`. */
export type PullOptions = {
  readonly name: string;
  /** Directories that are searched for models; see `toModelsDirs`. */
  readonly dirs: readonly string[];
  /** Directory for the file and, if its sha256 gets pinned, the entry. One of `dirs`. */
  readonly targetDir: string;
  /** A file, a directory or an address to use instead of the source of the entry. */
  readonly from?: string;
  /** Environment variables, for the proxies. */
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Receives messages for the user: waits, retries, restarts. */
  readonly onNote?: (text: string) => void;
  readonly httpLimits?: HttpLimits;
  readonly retryWaitMs?: number;
};

/** The outcome of a pull. */
export type PullReport = {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** False if the model was available already. */
  readonly pulled: boolean;
  /** Whether the sha256 was unknown before and is now in the manifest of the target directory. */
  readonly pinned: boolean;
};

/**
 * Pulls a model: downloads it beside its final path, checks size, sha256 and graph, and then renames it. Pins a sha256 that was
 * unknown. Pulls of the same model wait for each other, and an interrupted pull is resumed. Rejects with UNKNOWN_MODEL,
 * DIGEST_MISMATCH, MODEL_INVALID, or an error of `download` or `toSource`.
 */
export async function pullModel(options: PullOptions): Promise<PullReport> {
  const { name, targetDir, signal, onNote = () => {} } = options;
  const { entry } = await readStatus(options);
  const path = join(targetDir, entry.file);
  await mkdir(dirname(path), { recursive: true });
  const onWait = () => onNote(`another pull of ${name} is under way; waiting for it`);
  return withLock(path, { signal, onWait }, async () => {
    // The process that held the lock before may have pulled it.
    const now = await readStatus(options);
    const here = now.available ?? (await fetchModel(now.entry, path, options));
    const pinned = now.entry.sha256 === null;
    if (pinned) await pin(now.entry, here, options);
    const { sizeBytes, digest: sha256 } = here;
    return { name, path: here.path, sizeBytes, sha256, pulled: now.available === null, pinned };
  });
}

async function readStatus({ name, dirs }: PullOptions): Promise<ModelStatus> {
  return (await loadRegistry({ dirs })).status(name);
}

type FetchedModel = Pick<AvailableModel, "path" | "sizeBytes" | "digest">;

async function fetchModel(entry: ModelEntry, path: string, options: PullOptions): Promise<FetchedModel> {
  const source = toSource(entry, options.from);
  const partPath = `${path}.part`;
  const hadPart = source.kind === "url" && (await readPart(partPath, source.url)).sizeBytes > 0;
  let here: FetchedModel;
  try {
    here = await fetchAndCheck(entry, source, path, options);
  } catch (error) {
    if (!hadPart || !(error instanceof AppError) || !["DIGEST_MISMATCH", "MODEL_INVALID"].includes(error.reason)) {
      throw error;
    }
    options.onNote?.(`what was resumed is not the whole file (${error.message}); starting over`);
    here = await fetchAndCheck(entry, source, path, options);
  }
  await publishFile(partPath, path);
  await removePart(partPath);
  return here;
}

/** Leaves a checked file at `<path>.part`. Removes it if it does not match the entry. */
async function fetchAndCheck(
  entry: ModelEntry,
  source: Source,
  path: string,
  options: PullOptions,
): Promise<FetchedModel> {
  const partPath = `${path}.part`;
  const origin = source.kind === "url" ? toPublicText(source.url) : source.path;
  await fetchPart(entry, source, partPath, options);
  try {
    const file = await readFileDigest(partPath);
    if (file === null) throw new AppError("INTERNAL", `${partPath} is gone`);
    if (entry.sha256 !== null && entry.sha256 !== file.sha256) {
      const text = `${origin} has sha256 ${file.sha256}, expected ${entry.sha256}: it is not \`${entry.name}\``;
      throw new AppError("DIGEST_MISMATCH", text);
    }
    assertModelFile(partPath, entry, origin);
    return { path, sizeBytes: file.sizeBytes, digest: file.sha256 };
  } catch (error) {
    await removePart(partPath);
    throw error;
  }
}

async function fetchPart(entry: ModelEntry, source: Source, partPath: string, options: PullOptions): Promise<void> {
  const { signal, onProgress = () => {}, onNote = () => {} } = options;
  if (source.kind === "file") {
    await removePart(partPath);
    await pipeline(createReadStream(source.path), createWriteStream(partPath), { signal }).catch((error: unknown) => {
      throw toStorageError(error);
    });
    return;
  }
  const http = createHttpClient(options.env, options.httpLimits);
  try {
    await download({
      url: source.url,
      partPath,
      http,
      expectedBytes: entry.sizeBytes,
      digestKnown: entry.sha256 !== null,
      signal,
      onProgress,
      onRetry: (why) => onNote(`${why}; trying again`),
      ...(options.retryWaitMs === undefined ? {} : { retryWaitMs: options.retryWaitMs }),
    });
  } finally {
    await http.close();
  }
}

/** Writes the file's digest and size to the manifest, and the names of tensors that the entry lacks. */
async function pin(entry: ModelEntry, here: FetchedModel, { targetDir, signal }: PullOptions): Promise<void> {
  const onnx: OnnxFile = assertModelFile(here.path, entry);
  const pinned: ModelEntry = {
    ...entry,
    sha256: here.digest,
    sizeBytes: here.sizeBytes,
    input: { ...entry.input, name: entry.input.name ?? onnx.inputs[0]?.name ?? null },
    output: { ...entry.output, name: entry.output.name ?? onnx.outputs[0]?.name ?? null },
  };
  await putEntry(targetDir, pinned, { signal });
}
