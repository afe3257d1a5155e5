import { existsSync } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { AppError, expected } from "@pixelmesh/errors";
import { assertModelFile } from "./check-file.ts";
import { readFileDigest } from "./file-digest.ts";
import { type ModelEntry, type ModelTask, parseManifest } from "./manifest.ts";

/** A model whose file was found and matches its entry. */
export type AvailableModel = Omit<ModelEntry, "sizeBytes"> & {
  readonly path: string;
  /** sha256 of the file. */
  readonly digest: string;
  readonly sizeBytes: number;
};

/** A model of the registry, available or not. */
export type ModelStatus = {
  readonly entry: ModelEntry;
  /** The model to run, or null if it cannot be run. */
  readonly available: AvailableModel | null;
  /** Why it cannot be run, for people; empty if it can. */
  readonly unavailableReason: string;
  /** Whether a file was found that does not match its entry. */
  readonly refused: boolean;
  /** Whether `defaultFor` returns it for its task and scale. */
  readonly isDefault: boolean;
};

/** All models of a process. Immutable: load a new registry to find new files. */
export type ModelRegistry = {
  /** Returns every entry, in order of preference. */
  readonly list: () => readonly ModelStatus[];
  /** Returns one entry. Throws UNKNOWN_MODEL with metadata `known`. */
  readonly status: (name: string) => ModelStatus;
  /** Returns an available model. Throws UNKNOWN_MODEL, MODEL_UNAVAILABLE without its file, or MODEL_INVALID with a wrong file. */
  readonly find: (name: string) => AvailableModel;
  /** Returns the preferred model. Throws UNKNOWN_MODEL if no entry fits, and MODEL_UNAVAILABLE if no fitting entry has its file. */
  readonly defaultFor: (task: ModelTask, scale?: number) => AvailableModel;
};

/** Directory of the bundled models and the manifest of all known ones: beside libs/ in a checkout, beside node_modules/ in an image. */
export const bundledModelsDir: string = fileURLToPath(
  new URL(import.meta.url.endsWith(".ts") ? "../../../../models/" : "../../../../../models/", import.meta.url),
);

/** Returns the directory of bundled models, if this build has one, then the named ones. Throws INVALID_ARGUMENT for none at all. */
export function withBundledModels(named: readonly string[]): readonly string[] {
  const dirs = [...new Set([...(existsSync(bundledModelsDir) ? [bundledModelsDir] : []), ...named])];
  if (dirs.length === 0) throw expected("models_dir", "a directory with models (PIXELMESH_MODELS_DIR)", "none");
  return dirs;
}

type Manifest = { readonly dir: string; readonly entries: readonly ModelEntry[] };
type Checked = Omit<ModelStatus, "isDefault">;

/**
 * Reads the `manifest.json` of every directory that has one, and checks the files without running them. Entries of later
 * directories are preferred, and replace entries of the same name. A file is searched in the directory of its entry first, then
 * in the others. It is refused unless it has the entry's digest, is one ONNX file, and has the entry's inputs and outputs. The
 * default for a task and scale is the first available entry with the flag `default`, else the first available one. Throws
 * INVALID_ARGUMENT for a missing directory or an invalid manifest.
 */
export async function loadRegistry(options: { readonly dirs: readonly string[] }): Promise<ModelRegistry> {
  const { dirs } = options;
  const entries = new Map<string, { entry: ModelEntry; dir: string }>();
  for (const { dir, entries: found } of (await readManifests(dirs)).toReversed()) {
    for (const entry of found) {
      if (!entries.has(entry.name)) entries.set(entry.name, { entry, dir });
    }
  }
  const checked = await Promise.all(
    [...entries.values()].map(({ entry, dir }) => check(entry, [dir, ...dirs.filter((other) => other !== dir)])),
  );
  return createRegistry(checked);
}

function createRegistry(checked: readonly Checked[]): ModelRegistry {
  const serving = (task: ModelTask, scale: number) =>
    checked.filter(({ entry }) => entry.task === task && entry.scale === scale);
  const preferred = (task: ModelTask, scale: number) => {
    const here = serving(task, scale).filter((status) => status.available !== null);
    return here.find(({ entry }) => entry.default) ?? here[0];
  };
  const statuses = checked.map((each) => ({
    ...each,
    isDefault: preferred(each.entry.task, each.entry.scale)?.entry === each.entry,
  }));
  const status = (name: string): ModelStatus => {
    const found = statuses.find(({ entry }) => entry.name === name);
    if (found !== undefined) return found;
    const known = statuses.map(({ entry }) => entry.name).join(", ");
    throw new AppError("UNKNOWN_MODEL", `Expected a known model, got \`${name.slice(0, 64)}\`; known are: ${known}`, {
      metadata: { known },
    });
  };
  return {
    list: () => statuses,
    status,
    find: (name) => {
      const { available, refused, unavailableReason } = status(name);
      if (available !== null) return available;
      throw new AppError(
        refused ? "MODEL_INVALID" : "MODEL_UNAVAILABLE",
        `The model \`${name}\` cannot be used: ${unavailableReason}`,
        { metadata: { model: name } },
      );
    },
    defaultFor: (task, scale = 1) => {
      const found = preferred(task, scale)?.available;
      if (found) return found;
      const names = serving(task, scale).map(({ entry }) => entry.name);
      if (names.length > 0) {
        throw new AppError(
          "MODEL_UNAVAILABLE",
          `No model for ${task} ×${scale} is here; known are: ${names.join(", ")}`,
          {
            metadata: { known: names.join(", ") },
          },
        );
      }
      const scales = [
        ...new Set(checked.filter(({ entry }) => entry.task === task).map(({ entry }) => entry.scale)),
      ].sort();
      throw new AppError("UNKNOWN_MODEL", `No model does ${task} ×${scale}; scales are: ${scales.join(", ")}`, {
        metadata: { scales: scales.join(", ") },
      });
    },
  };
}

/** Reads the manifests of all directories. Throws one INVALID_ARGUMENT with the mistakes of all of them. */
async function readManifests(dirs: readonly string[]): Promise<readonly Manifest[]> {
  const results = await Promise.allSettled(dirs.map(async (dir) => ({ dir, entries: await readManifest(dir) })));
  const failures = results.flatMap((result) => (result.status === "rejected" ? [result.reason as unknown] : []));
  const mistakes = failures.filter((failure) => failure instanceof AppError);
  if (failures.length > mistakes.length || mistakes.length === 1) throw failures[0];
  if (mistakes.length > 1) {
    const text = mistakes.map(({ message }) => message).join("; ");
    throw new AppError("INVALID_ARGUMENT", text, { fields: mistakes.flatMap(({ fields }) => fields) });
  }
  return results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
}

async function readManifest(dir: string): Promise<readonly ModelEntry[]> {
  const facts = await stat(dir).catch(() => null);
  if (!facts?.isDirectory()) throw expected("models_dir", "an existing directory", dir);
  const path = join(dir, "manifest.json");
  const text = await readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === "ENOENT") return null;
    throw new AppError("INVALID_ARGUMENT", `${path} cannot be read`, { cause });
  });
  return text === null ? [] : parseManifest(text, path);
}

/** Finds the first file that matches the entry. Otherwise reports why the first file found does not. */
async function check(entry: ModelEntry, dirs: readonly string[]): Promise<Checked> {
  let why = "";
  for (const dir of dirs) {
    const path = join(dir, entry.file);
    try {
      const available = await checkFile(entry, path);
      if (available !== null) return { entry, available, unavailableReason: "", refused: false };
    } catch (error) {
      why ||= error instanceof Error ? error.message : String(error);
    }
  }
  if (why !== "") return { entry, available: null, unavailableReason: why, refused: true };
  return { entry, available: null, unavailableReason: `${entry.file} is in no models directory`, refused: false };
}

/** Returns the model in a file, or null if there is no file. Throws MODEL_INVALID if it does not match its entry. */
async function checkFile(entry: ModelEntry, path: string): Promise<AvailableModel | null> {
  const file = await readFileDigest(path);
  if (file === null) return null;
  if (entry.sha256 !== null && entry.sha256 !== file.sha256) {
    throw new AppError("MODEL_INVALID", `${path} has sha256 ${file.sha256}, expected ${entry.sha256}`);
  }
  assertModelFile(path, entry);
  return { ...entry, path, digest: file.sha256, sizeBytes: file.sizeBytes };
}
