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

/** What `pullModel` needs. */
export type PullOptions = {
  readonly name: string;
  /** Where models are looked for; see `toModelsDirs`. */
  readonly dirs: readonly string[];
  /** Where the file and, where one is pinned, the entry go. One of `dirs`. */
  readonly targetDir: string;
  /** A file, a directory or an address to take the file from instead of its source. */
  readonly from?: string;
  /** For the proxies. */
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Told what a user may want to know: waits, repeats, restarts. */
  readonly onNote?: (text: string) => void;
  readonly httpLimits?: HttpLimits;
  readonly retryWaitMs?: number;
};

/** What a pull did. */
export type PullReport = {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
  readonly sha256: string;
  /** False where the model was here already. */
  readonly pulled: boolean;
  /** Whether the sha256 was unknown before and is now in the manifest of the target directory. */
  readonly pinned: boolean;
};

/**
 * Brings a model here: downloads it next to its place, checks size, sha256 and graph, and only then gives it its name. A
 * sha256 that was unknown is pinned. Pulls of one model wait for each other; one that was interrupted goes on where it
 * ended. UNKNOWN_MODEL, DIGEST_MISMATCH, MODEL_INVALID, and the failures of `download` and `toSource`.
 */
export async function pullModel(options: PullOptions): Promise<PullReport> {
  const { name, targetDir, signal, onNote = () => {} } = options;
  const { entry } = await lookUp(options);
  const path = join(targetDir, entry.file);
  await mkdir(dirname(path), { recursive: true });
  const onWait = () => onNote(`another pull of ${name} is under way; waiting for it`);
  return withLock(path, { signal, onWait }, async () => {
    // Whoever was before us may have done it.
    const now = await lookUp(options);
    const here = now.available ?? (await bring(now.entry, path, options));
    const pinned = now.entry.sha256 === null;
    if (pinned) await pin(now.entry, here, options);
    const { sizeBytes, digest: sha256 } = here;
    return { name, path: here.path, sizeBytes, sha256, pulled: now.available === null, pinned };
  });
}

async function lookUp({ name, dirs }: PullOptions): Promise<ModelStatus> {
  return (await loadRegistry({ dirs })).status(name);
}

type Here = Pick<AvailableModel, "path" | "sizeBytes" | "digest">;

async function bring(entry: ModelEntry, path: string, options: PullOptions): Promise<Here> {
  const source = toSource(entry, options.from);
  const partPath = `${path}.part`;
  const hadPart = source.kind === "url" && (await readPart(partPath, source.url)).sizeBytes > 0;
  let here: Here;
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

/** Leaves a checked file at `<path>.part`; none where it is not the model. */
async function fetchAndCheck(entry: ModelEntry, source: Source, path: string, options: PullOptions): Promise<Here> {
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

/** Writes down what came: its digest and size, and the tensors that the entry could not name. */
async function pin(entry: ModelEntry, here: Here, { targetDir, signal }: PullOptions): Promise<void> {
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
