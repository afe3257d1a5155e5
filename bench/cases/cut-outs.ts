import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { ImageFormat } from "@pixelmesh/proto";
import { startBaseline } from "../harness/baseline-process.ts";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { findModel } from "../harness/compare-with-baseline.ts";
import { runPictureJob } from "../harness/picture-job.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";
import { inParallel } from "../harness/tiny-jobs.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const pictures = Number(process.env.PICTURES ?? 16);
const size = { widthPx: 1_152, heightPx: 864 };
const inFlight = 4;

/** Limits of time and processor time against the baseline script, which does not refine edges. */
const bounds = { u2netp: { wall: 1.15, cpu: 1.25 }, "pixelmesh-matte": { wall: 2.5, cpu: 2.5 } };
/** Limit for cut-outs with u2netp: their time divided by that of as many bare runs of the model, one after another, each with all cores. */
const maxOverRuns = 1.05;

/**
 * Compares cut-outs of pictures of one megapixel (PICTURES, default 16), four in flight, with the baseline script, which has as many sessions of one
 * thread as there are cores: total time and processor time. And with as many bare runs of the model, one after another with all cores: total time.
 */
export async function cutOutsCase(): Promise<boolean> {
  const mesh = await startBenchMesh();
  try {
    const figures: Figure[] = [];
    for (const model of ["u2netp", "pixelmesh-matte"] as const) figures.push(...(await compare(mesh, model)));
    return report("cut-outs", figures);
  } finally {
    await mesh.close();
  }
}

async function compare(mesh: BenchMesh, model: keyof typeof bounds): Promise<Figure[]> {
  const modelPath = findModel(model);
  if (modelPath === undefined) {
    console.log(`  skipped: the file of ${model} is missing`);
    return [];
  }
  const scenes = await Promise.all(Array.from({ length: pictures }, (_, at) => toScene(size, at * 5)));
  const paths = scenes.map((_, at) => join(mesh.dir, `${at}.jpg`));
  await Promise.all(scenes.map((bytes, at) => writeFile(paths[at] as string, bytes)));
  const baseline = startBaseline(modelPath, availableParallelism(), "baseline-cut-outs");
  const bare = startBaseline(modelPath, availableParallelism(), "baseline-runs");
  const sides = {
    mesh: { ms: [] as number[], cpuMs: [] as number[] },
    baseline: { ms: [] as number[], cpuMs: [] as number[] },
    runs: { ms: [] as number[], cpuMs: [] as number[] },
  };
  const measure = async (side: keyof typeof sides, cpuMs: () => number, run: () => Promise<unknown>) => {
    const [startMs, beforeMs] = [performance.now(), cpuMs()];
    await run();
    sides[side].ms.push(performance.now() - startMs);
    sides[side].cpuMs.push(cpuMs() - beforeMs);
  };
  const runMesh = async () => {
    const left = [...scenes];
    const operation = { $case: "removeBackground", value: { model } } as const;
    await inParallel(pictures, inFlight, async () => {
      await runPictureJob(mesh.client, { picture: left.shift() as Buffer, operation, format: ImageFormat.PNG });
    });
  };
  const runBaseline = async () => void (await baseline.run(JSON.stringify(paths)));
  const runBare = async () => void (await bare.run(String(pictures)));
  try {
    // Loads the model in every host.
    await runMesh();
    await runBaseline();
    await runBare();
    for (let round = 0; round < rounds; round++) {
      const turns = [
        () => measure("mesh", mesh.cpuMs, runMesh),
        () => measure("baseline", baseline.cpuMs, runBaseline),
        () => measure("runs", bare.cpuMs, runBare),
      ];
      for (const turn of round % 2 === 0 ? turns : turns.reverse()) await turn();
    }
  } finally {
    await Promise.all([baseline.close(), bare.close()]);
  }
  const ratioOf = (measured: "ms" | "cpuMs", side: "baseline" | "runs" = "baseline") =>
    spread(
      sides.mesh[measured].map((value, at) => value / (sides[side][measured][at] as number)),
      3,
    );
  const each = (values: readonly number[]) => spread(values.map((value) => value / pictures));
  const details = {
    rounds,
    pictures,
    inFlight,
    size,
    model,
    load: loadavg()[0],
    meshMsEach: each(sides.mesh.ms),
    baselineMsEach: each(sides.baseline.ms),
    meshCpuMsEach: each(sides.mesh.cpuMs),
    baselineCpuMsEach: each(sides.baseline.cpuMs),
    runMsEach: each(sides.runs.ms),
    runCpuMsEach: each(sides.runs.cpuMs),
    ratioToRuns: ratioOf("ms", "runs"),
    cpuRatioToRuns: ratioOf("cpuMs", "runs"),
    ratio: ratioOf("ms"),
    cpuRatio: ratioOf("cpuMs"),
  };
  const name = `${pictures} cut-outs of 1 MP with ${model}, ${inFlight} in flight`;
  return [
    {
      name: `${name}, processor time: mesh / script with one-thread sessions`,
      value: details.cpuRatio.median,
      unit: "×",
      bound: bounds[model].cpu,
      details,
    },
    { name: `${name}, time: the same`, value: details.ratio.median, unit: "×", bound: bounds[model].wall, details },
    ...(model === "u2netp"
      ? [
          {
            name: `${name}, time: mesh / as many bare runs with all cores`,
            value: details.ratioToRuns.median,
            unit: "×",
            bound: maxOverRuns,
            details,
          },
        ]
      : []),
  ];
}
