import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import { runPython } from "./run-python.ts";

/** Options of `preparePython`. */
export type PrepareOptions = {
  /** Folder of the environments, one for each version of Python and of the requirements. */
  readonly dir: string;
  /** A requirements file of pip with exact versions. */
  readonly requirementsPath: string;
  readonly env: Env;
  readonly signal: AbortSignal;
  /** Receives what is about to be installed. */
  readonly onStep: (text: string) => void;
};

const startTimeoutMs = 30_000;
const installTimeoutMs = 10 * 60_000;
const leastMinor = 10;
/** Prints the version, and fails without the parts that Debian and Ubuntu package apart. */
const versionProgram = "import sys, venv, ensurepip; print('%d.%d' % sys.version_info[:2])";

/**
 * Prepares a virtual environment of Python with the required packages and returns its interpreter. Uses one that is there
 * already. Several commands may do so at once. Rejects with INVALID_ARGUMENT, and says what is missing, if Python or a package
 * cannot be had.
 */
export async function preparePython(options: PrepareOptions): Promise<string> {
  const { dir, requirementsPath, env, signal, onStep } = options;
  const requirements = await readFile(requirementsPath, "utf8");
  const version = await readVersion(options);
  const digest = createHash("sha256").update(`${version}\n${requirements}`).digest("hex").slice(0, 12);
  const target = join(dir, digest);
  if (existsSync(target)) return interpreterOf(target);
  const names = requirements.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  onStep(`installing ${names.join(", ")} for Python ${version} into ${target}`);
  const part = join(dir, `${digest}.part-${process.pid}`);
  try {
    await mkdir(dir, { recursive: true });
    await must(chooseInterpreter(env), ["-m", "venv", part], installTimeoutMs, options);
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--only-binary=:all:"];
    const limits = ["--retries", "2", "--timeout", "20"];
    await must(interpreterOf(part), [...pip, ...limits, "-r", requirementsPath], installTimeoutMs, options);
    await publish(part, target);
  } finally {
    await rm(part, { recursive: true, force: true });
  }
  signal.throwIfAborted();
  return interpreterOf(target);
}

/** `PIXELMESH_PYTHON` names another interpreter. */
function chooseInterpreter(env: Env): string {
  return env.PIXELMESH_PYTHON || "python3";
}

function interpreterOf(environment: string): string {
  return join(environment, "bin", "python");
}

async function readVersion({ env, signal }: PrepareOptions): Promise<string> {
  const file = chooseInterpreter(env);
  const wanted = `Expected ${file} to be Python 3.${leastMinor} or later with venv and ensurepip (Debian and Ubuntu: apt install python3-venv; PIXELMESH_PYTHON names another interpreter)`;
  const run = await runPython(file, ["-c", versionProgram], { env, signal, timeoutMs: startTimeoutMs }).catch(
    (error) => {
      if (error instanceof AppError) throw new AppError("INVALID_ARGUMENT", `${wanted}, got: ${error.message}`);
      throw error;
    },
  );
  const version = run.stdout.trim();
  const [major, minor] = version.split(".").map(Number);
  if (run.exitCode === 0 && major === 3 && (minor as number) >= leastMinor) return version;
  throw new AppError("INVALID_ARGUMENT", `${wanted}, got: ${lastLine(run.stderr) || version}`);
}

async function must(
  file: string,
  args: readonly string[],
  timeoutMs: number,
  { env, signal }: PrepareOptions,
): Promise<void> {
  const { exitCode, stderr, stdout } = await runPython(file, args, { env, signal, timeoutMs });
  if (exitCode === 0) return;
  const what = `${file} ${args.slice(0, 3).join(" ")} ended with ${exitCode}`;
  throw new AppError(
    "INVALID_ARGUMENT",
    `The packages of the converter cannot be installed: ${what}: ${lastLine(stderr || stdout)}`,
  );
}

/** Another command may have published the same environment meanwhile; it is as good. */
async function publish(part: string, target: string): Promise<void> {
  try {
    await rename(part, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)?.slice(0, 300) ?? "";
}
