import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { assertModelFile, loadRegistry, type ModelEntry, type ModelStatus, type OnnxFile } from "@pixelmesh/inference";
import { type FetchedModel, type FetchOptions, fetchModel } from "./fetch-model.ts";
import { withLock } from "./lock.ts";
import { putEntry } from "./manifest-file.ts";

/** Options of `pullModel`. */
export type PullOptions = FetchOptions & {
  readonly name: string;
  /** Directories that are searched for models; see `toModelsDirs`. */
  readonly dirs: readonly string[];
  /** Directory for the file and, if its sha256 gets pinned, the entry. One of `dirs`. */
  readonly targetDir: string;
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
 * DIGEST_MISMATCH, MODEL_INVALID, or an error of `fetchModel`.
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
    const pinned = !isPinned(now.entry, here.digest);
    if (pinned) await pin(now.entry, here, options);
    const { sizeBytes, digest: sha256 } = here;
    return { name, path: here.path, sizeBytes, sha256, pulled: now.available === null, pinned };
  });
}

/** Whether a manifest knew this sha256 before the file came: in the entry, or in its sources. */
export function isPinned({ sha256, sources }: ModelEntry, digest: string): boolean {
  return sha256 !== null || sources.some((source) => source.sha256 === digest);
}

async function readStatus({ name, dirs }: PullOptions): Promise<ModelStatus> {
  return (await loadRegistry({ dirs })).status(name);
}

/** Writes the file's digest and size to the manifest, and the names of tensors that the entry lacks. Its sources have another file. */
async function pin(entry: ModelEntry, here: FetchedModel, { targetDir, signal }: PullOptions): Promise<void> {
  const onnx: OnnxFile = assertModelFile(here.path, entry);
  const pinned: ModelEntry = {
    ...entry,
    sha256: here.digest,
    sizeBytes: here.sizeBytes,
    sources: [],
    input: { ...entry.input, name: entry.input.name ?? onnx.inputs[0]?.name ?? null },
    output: { ...entry.output, name: entry.output.name ?? onnx.outputs[0]?.name ?? null },
  };
  await putEntry(targetDir, pinned, { signal });
}
