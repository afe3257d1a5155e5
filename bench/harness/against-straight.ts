import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BenchMesh } from "./bench-mesh.ts";
import type { Figure } from "./report.ts";
import { type Sides, toScene } from "./scenes.ts";
import { spread } from "./stats.ts";
import { startStraight } from "./straight-process.ts";
import { runUpscaleJob } from "./upscale-job.ts";

/** What is compared, and to what it is held. */
export type Comparison = {
  readonly model: string;
  readonly scale: number;
  readonly size: Sides;
  readonly pairs: number;
  readonly bound: number;
};

/** Where a model's file is: with the product, or in one of `PIXELMESH_MODELS_DIR`. */
export function findModel(name: string): string | undefined {
  const bundled = fileURLToPath(new URL("../../models/", import.meta.url));
  const dirs = [bundled, ...(process.env.PIXELMESH_MODELS_DIR ?? "").split(delimiter).filter((dir) => dir !== "")];
  return dirs.map((dir) => join(dir, `${name}.onnx`)).find((path) => existsSync(path));
}

/**
 * A warm job against the straight script with the same threads, in pairs whose order alternates; the figure is the median of their
 * ratios. Undefined, and said so, where the model's file is not here.
 */
export async function compareWithStraight(
  { client, dir, cpuMs }: BenchMesh,
  { model, scale, size, pairs, bound }: Comparison,
): Promise<Figure | undefined> {
  const modelPath = findModel(model);
  if (modelPath === undefined) {
    console.log(`  left out: no file of ${model} here`);
    return undefined;
  }
  const picture = await toScene(size);
  const path = join(dir, "picture.jpg");
  await writeFile(path, picture);
  const straight = startStraight(modelPath, availableParallelism());
  const runs = {
    meshMs: [] as number[],
    straightMs: [] as number[],
    meshCpuMs: [] as number[],
    straightCpuMs: [] as number[],
  };
  const runMesh = async () => {
    const beforeMs = cpuMs();
    runs.meshMs.push(await runUpscaleJob(client, { picture, model, scale }));
    runs.meshCpuMs.push(cpuMs() - beforeMs);
  };
  const runStraight = async () => {
    const beforeMs = straight.cpuMs();
    runs.straightMs.push((await straight.run(path)).ms);
    runs.straightCpuMs.push(straight.cpuMs() - beforeMs);
  };
  try {
    await runUpscaleJob(client, { picture, model, scale });
    await straight.run(path);
    for (let pair = 0; pair < pairs; pair++) {
      for (const run of pair % 2 === 0 ? [runMesh, runStraight] : [runStraight, runMesh]) await run();
    }
  } finally {
    await straight.close();
  }
  const ratio = spread(ratiosOf(runs.meshMs, runs.straightMs), 3);
  return {
    name: `${size.widthPx}×${size.heightPx} ×${scale} with ${model}, warm: mesh / straight script`,
    value: ratio.median,
    unit: "×",
    bound,
    details: {
      ...{ pairs, model, threads: availableParallelism(), load: loadavg()[0] },
      durability: "page cache unless the broker is 2.10 or newer",
      ...{ meshMs: spread(runs.meshMs), straightMs: spread(runs.straightMs), ratio },
      ...{ meshCpuMs: spread(runs.meshCpuMs), straightCpuMs: spread(runs.straightCpuMs) },
      cpuRatio: spread(ratiosOf(runs.meshCpuMs, runs.straightCpuMs), 3),
    },
  };
}

function ratiosOf(values: readonly number[], others: readonly number[]): number[] {
  return values.map((value, at) => value / (others[at] as number));
}
