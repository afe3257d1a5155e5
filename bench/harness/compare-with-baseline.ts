import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { startBaseline } from "./baseline-process.ts";
import type { BenchMesh } from "./bench-mesh.ts";
import type { Figure } from "./report.ts";
import { type Sides, toScene } from "./scenes.ts";
import { spread } from "./stats.ts";
import { runUpscaleJob } from "./upscale-job.ts";

/** One comparison, with its limit. */
export type Comparison = {
  readonly model: string;
  readonly scale: number;
  readonly size: Sides;
  readonly pairs: number;
  readonly bound: number;
};

/** Returns the path of a model's file: bundled, or in a directory of `PIXELMESH_MODELS_DIR`; `undefined` if there is none. */
export function findModel(name: string): string | undefined {
  const bundled = fileURLToPath(new URL("../../models/", import.meta.url));
  const dirs = [bundled, ...(process.env.PIXELMESH_MODELS_DIR ?? "").split(delimiter).filter((dir) => dir !== "")];
  return dirs.map((dir) => join(dir, `${name}.onnx`)).find((path) => existsSync(path));
}

/**
 * Compares warm jobs with the baseline script at the same number of threads, in pairs of alternating order. The figure is the median
 * of their time ratios. If the model's file is missing, prints that and returns `undefined`.
 */
export async function compareWithBaseline(
  { client, dir, cpuMs }: BenchMesh,
  { model, scale, size, pairs, bound }: Comparison,
): Promise<Figure | undefined> {
  const modelPath = findModel(model);
  if (modelPath === undefined) {
    console.log(`  skipped: the file of ${model} is missing`);
    return undefined;
  }
  const picture = await toScene(size);
  const path = join(dir, "picture.jpg");
  await writeFile(path, picture);
  const baseline = startBaseline(modelPath, availableParallelism());
  const runs = {
    meshMs: [] as number[],
    baselineMs: [] as number[],
    meshCpuMs: [] as number[],
    baselineCpuMs: [] as number[],
  };
  const runMesh = async () => {
    const beforeMs = cpuMs();
    runs.meshMs.push(await runUpscaleJob(client, { picture, model, scale }));
    runs.meshCpuMs.push(cpuMs() - beforeMs);
  };
  const runBaseline = async () => {
    const beforeMs = baseline.cpuMs();
    runs.baselineMs.push((await baseline.run(path)).ms);
    runs.baselineCpuMs.push(baseline.cpuMs() - beforeMs);
  };
  try {
    await runUpscaleJob(client, { picture, model, scale });
    await baseline.run(path);
    for (let pair = 0; pair < pairs; pair++) {
      for (const run of pair % 2 === 0 ? [runMesh, runBaseline] : [runBaseline, runMesh]) await run();
    }
  } finally {
    await baseline.close();
  }
  const ratio = spread(ratiosOf(runs.meshMs, runs.baselineMs), 3);
  return {
    name: `${size.widthPx}×${size.heightPx} ×${scale} with ${model}, warm: mesh / baseline script`,
    value: ratio.median,
    unit: "×",
    bound,
    details: {
      pairs,
      model,
      threads: availableParallelism(),
      load: loadavg()[0],
      durability: "page cache unless the broker is 2.10 or newer",
      meshMs: spread(runs.meshMs),
      baselineMs: spread(runs.baselineMs),
      ratio,
      meshCpuMs: spread(runs.meshCpuMs),
      baselineCpuMs: spread(runs.baselineCpuMs),
      cpuRatio: spread(ratiosOf(runs.meshCpuMs, runs.baselineCpuMs), 3),
    },
  };
}

function ratiosOf(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, at) => value / (others[at] as number));
}
