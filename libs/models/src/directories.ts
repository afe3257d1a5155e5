import { constants } from "node:fs";
import { access, mkdir, stat } from "node:fs/promises";
import { delimiter, resolve } from "node:path";
import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import { bundledModelsDir, withBundledModels } from "@pixelmesh/inference";

/** Returns the directories that are searched for models: the bundled one, those of PIXELMESH_MODELS_DIR, then the named one. */
export function toModelsDirs(env: Env, namedDir?: string): readonly string[] {
  return withBundledModels([...listed(env), ...(namedDir === undefined ? [] : [resolve(namedDir)])]);
}

/**
 * Returns the directory for new models: the named one, which is created if it is missing; else the first writable one of
 * PIXELMESH_MODELS_DIR; else the bundled one. Throws INVALID_ARGUMENT if that is not writable either.
 */
export async function chooseTargetDir(env: Env, namedDir?: string): Promise<string> {
  if (namedDir !== undefined) {
    const dir = resolve(namedDir);
    await mkdir(dir, { recursive: true });
    return dir;
  }
  for (const dir of [...listed(env), bundledModelsDir]) if (await isWritable(dir)) return dir;
  throw new AppError("INVALID_ARGUMENT", "Expected a models directory that can be written; name one by --models-dir");
}

function listed(env: Env): string[] {
  const texts = (env.PIXELMESH_MODELS_DIR ?? "").split(delimiter).map((text) => text.trim());
  return texts.filter((text) => text !== "").map((text) => resolve(text));
}

async function isWritable(dir: string): Promise<boolean> {
  const facts = await stat(dir).catch(() => null);
  if (!facts?.isDirectory()) return false;
  return access(dir, constants.W_OK).then(
    () => true,
    () => false,
  );
}
