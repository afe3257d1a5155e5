import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { preparePython, runPython } from "@pixelmesh/cli";
import type { Frame } from "@pixelmesh/imaging";
import { toPng } from "../run-step.ts";

/** Pictures of equal sides to compare. */
export type Pair = { readonly original: Frame; readonly result: Frame };

/** Computes SSIMULACRA2 of each pair: 100 for equal pictures, lower for visible differences. */
export type PerceptualMeasure = (pairs: readonly Pair[]) => Promise<readonly number[]>;

const program = fileURLToPath(new URL("./perceptual.py", import.meta.url));
const requirementsPath = fileURLToPath(new URL("./requirements.txt", import.meta.url));
const dir = fileURLToPath(new URL("../../.tools/eval/", import.meta.url));
const timeoutMs = 10 * 60_000;

/**
 * Installs the package `ssimulacra2` of PyPI, and returns the measure. Prints why, and returns undefined, if Python or a package
 * cannot be had.
 */
export async function openPerceptualMeasure(): Promise<PerceptualMeasure | undefined> {
  const options = { env: process.env, signal: AbortSignal.timeout(timeoutMs) };
  try {
    const python = await preparePython({ dir, requirementsPath, ...options, onStep: (text) => console.log(text) });
    return (pairs) => measure(python, pairs);
  } catch (error) {
    console.log(`SKIPPED: SSIMULACRA2: ${error instanceof Error ? error.message : error}`);
    return undefined;
  }
}

async function measure(python: string, pairs: readonly Pair[]): Promise<readonly number[]> {
  const folder = await mkdtemp(join(tmpdir(), "pixelmesh-eval-"));
  try {
    const write = async (name: string, frame: Frame) => {
      const path = join(folder, `${name}.png`);
      await writeFile(path, await toPng(frame));
      return path;
    };
    const paths: (readonly [string, string])[] = [];
    for (const [i, { original, result }] of pairs.entries()) {
      paths.push([await write(`${i}-original`, original), await write(`${i}-result`, result)]);
    }
    const list = join(folder, "pairs.json");
    await writeFile(list, JSON.stringify(paths));
    const options = { env: process.env, signal: AbortSignal.timeout(timeoutMs), timeoutMs };
    const { exitCode, stdout, stderr } = await runPython(python, [program, list], options);
    if (exitCode !== 0) throw new Error(`Expected scores of ${pairs.length} pairs, got: ${stderr.slice(-300)}`);
    return JSON.parse(stdout) as number[];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
