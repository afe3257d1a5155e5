import { delimiter } from "node:path";
import { Option } from "commander";
import type { CliIo } from "../../io.ts";

/** `--models-dir`, for every command about model files. */
export function modelsDirOption(what: string): Option {
  return new Option("--models-dir <dir>", `${what} (default: the first of PIXELMESH_MODELS_DIR that can be written)`);
}

/** A note about a directory that services do not search; empty where they do. */
export function toReachNote(dir: string, searchedDirs: readonly string[], io: CliIo): string {
  if (searchedDirs.includes(dir)) return "";
  const dirs = [io.env.PIXELMESH_MODELS_DIR ?? "", dir].filter((text) => text !== "").join(delimiter);
  return `services find it with PIXELMESH_MODELS_DIR=${dirs} or \`pixelmesh up --models-dir ${dir}\`\n`;
}
