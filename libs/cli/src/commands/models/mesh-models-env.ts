import { delimiter } from "node:path";
import type { Env } from "@pixelmesh/config";

/** Returns the environment with the models directories as a mesh searches them: the named ones before those of the environment. */
export function toMeshModelsEnv(env: Env, modelsDirs: readonly string[]): Env {
  return { ...env, PIXELMESH_MODELS_DIR: [...modelsDirs, env.PIXELMESH_MODELS_DIR ?? ""].join(delimiter) };
}
