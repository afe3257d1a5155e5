import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import { preparePython } from "./prepare-python.ts";
import { runPython } from "./run-python.ts";

/** Options of `convertCheckpoint`. */
export type ConvertOptions = {
  /** A `.pth`, `.pt` or `.param` file. */
  readonly file: string;
  /** Weights of a `.param` file. Default: beside it. */
  readonly binFile?: string;
  /** The ONNX file to write. */
  readonly outFile: string;
  readonly env: Env;
  readonly signal: AbortSignal;
  readonly onStep: (text: string) => void;
};

/** What the converter found in a checkpoint. */
export type Conversion = { readonly architecture: string; readonly scale: number; readonly parameters: number };

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const convertTimeoutMs = 5 * 60_000;
/** The exit code with which `convert.py` refuses a file. */
const refusedCode = 2;

/**
 * Converts a checkpoint to an ONNX file by `models/convert` of a source checkout, in a Python environment that it installs into
 * `.tools/convert` the first time. Rejects with MODEL_INVALID for a file that is refused, and with INVALID_ARGUMENT if the
 * converter or Python is not there.
 */
export async function convertCheckpoint(options: ConvertOptions): Promise<Conversion> {
  const { file, binFile, outFile, env, signal, onStep } = options;
  const program = join(root, "models", "convert", "convert.py");
  if (!existsSync(program)) {
    const how =
      "Run `bin/pixelmesh models convert` in a checkout of the repository, then `models import` the ONNX file here";
    throw new AppError("INVALID_ARGUMENT", `The converter is not a part of this installation. ${how}`);
  }
  const python = await preparePython({
    dir: join(root, ".tools", "convert"),
    requirementsPath: join(root, "models", "convert", "requirements.txt"),
    env,
    signal,
    onStep,
  });
  onStep(`converting ${file}`);
  // -E and -s: neither the environment nor the user's own packages change what is imported.
  const args = ["-E", "-s", program, file, "--out", outFile, ...(binFile === undefined ? [] : ["--bin", binFile])];
  const { exitCode, stdout, stderr } = await runPython(python, args, { env, signal, timeoutMs: convertTimeoutMs });
  if (exitCode === 0) return JSON.parse(stdout) as Conversion;
  const text = stderr.trim().split("\n").at(-1)?.slice(0, 500) ?? "";
  if (exitCode === refusedCode) throw new AppError("MODEL_INVALID", text);
  throw new AppError("INTERNAL", `The converter failed with ${exitCode}: ${text}`);
}
