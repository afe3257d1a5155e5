import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { startBaseline } from "../harness/baseline-process.ts";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { findModel } from "../harness/compare-with-baseline.ts";
import { report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";
import { runUpscaleJob } from "../harness/upscale-job.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const pictures = 16;
const size = { widthPx: 640, heightPx: 480 };
const model = "pixelmesh-sr-x4";
const scale = 4;

/**
 * Compares sixteen different pictures, sent to the mesh at once, with the baseline script, which takes them one after another. The fair
 * share of the k-th job, in the order of sending, is its time in the baseline's queue: k times the baseline's time for one.
 */
export async function upscale16Case(): Promise<boolean> {
  const mesh = await startBenchMesh();
  const baseline = startBaseline(findModel(model) as string, availableParallelism());
  try {
    const scenes = await Promise.all(Array.from({ length: pictures }, (_, at) => toScene(size, at * 5)));
    const paths = scenes.map((_, at) => join(mesh.dir, `${at}.jpg`));
    await Promise.all(scenes.map((bytes, at) => writeFile(paths[at] as string, bytes)));
    const runs = {
      meshMs: [] as number[],
      baselineMs: [] as number[],
      meshCpuMs: [] as number[],
      baselineCpuMs: [] as number[],
    };
    const jobsMs: number[][] = [];
    const runMesh = async () => {
      const beforeMs = mesh.cpuMs();
      const startMs = performance.now();
      const eachMs = await Promise.all(scenes.map((picture) => runUpscaleJob(mesh.client, { picture, model, scale })));
      runs.meshMs.push(performance.now() - startMs);
      runs.meshCpuMs.push(mesh.cpuMs() - beforeMs);
      jobsMs.push(eachMs);
    };
    const runBaseline = async () => {
      const beforeMs = baseline.cpuMs();
      const startMs = performance.now();
      for (const path of paths) await baseline.run(path);
      runs.baselineMs.push(performance.now() - startMs);
      runs.baselineCpuMs.push(baseline.cpuMs() - beforeMs);
    };
    await runUpscaleJob(mesh.client, { picture: scenes[0] as Buffer, model, scale });
    await baseline.run(paths[0] as string);
    for (let round = 0; round < rounds; round++) {
      for (const run of round % 2 === 0 ? [runMesh, runBaseline] : [runBaseline, runMesh]) await run();
    }
    const ratiosOf = (values: readonly number[], others: readonly number[]) =>
      spread(
        values.map((value, at) => value / (others[at] as number)),
        3,
      );
    const ratio = ratiosOf(runs.meshMs, runs.baselineMs);
    // The worst job of each round.
    const shares = jobsMs.map((eachMs, round) => {
      const oneMs = (runs.baselineMs[round] as number) / pictures;
      return Math.max(...eachMs.map((ms, at) => ms / ((at + 1) * oneMs)));
    });
    const share = spread(shares, 2);
    const common = { rounds, pictures, model, threads: availableParallelism(), load: loadavg()[0] };
    const cpuRatio = ratiosOf(runs.meshCpuMs, runs.baselineCpuMs);
    return report("upscale-16", [
      {
        name: `${pictures} pictures of 640×480 ×4 at once: mesh / baseline script, one after another`,
        value: ratio.median,
        unit: "×",
        bound: 1.05,
        details: { ...common, meshMs: spread(runs.meshMs), baselineMs: spread(runs.baselineMs), ratio, cpuRatio },
      },
      {
        name: "the worst job: its time / its fair share",
        value: share.median,
        unit: "×",
        bound: 3,
        details: { ...common, share, lastRoundMs: jobsMs.at(-1)?.map(Math.round) },
      },
    ]);
  } finally {
    await baseline.close();
    await mesh.close();
  }
}
