import { writeFile } from "node:fs/promises";
import { availableParallelism, loadavg } from "node:os";
import { join } from "node:path";
import { findModel } from "../harness/against-straight.ts";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";
import { startStraight } from "../harness/straight-process.ts";
import { runUpscaleJob } from "../harness/upscale-job.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const pictures = 16;
const size = { widthPx: 640, heightPx: 480 };
const model = "pixelmesh-sr-x4";
const scale = 4;

/**
 * Sixteen different pictures given to the mesh at once, against the straight script that takes them one after another. A fair share is
 * what the k-th to come would wait in a queue of the straight script: k times its time for one. Jobs are numbered as they were sent.
 */
export async function upscale16Case(): Promise<boolean> {
  const mesh = await startBenchMesh();
  const straight = startStraight(findModel(model) as string, availableParallelism());
  try {
    const scenes = await Promise.all(Array.from({ length: pictures }, (_, at) => toScene(size, at * 5)));
    const paths = scenes.map((_, at) => join(mesh.dir, `${at}.jpg`));
    await Promise.all(scenes.map((bytes, at) => writeFile(paths[at] as string, bytes)));
    const runs = {
      meshMs: [] as number[],
      straightMs: [] as number[],
      meshCpuMs: [] as number[],
      straightCpuMs: [] as number[],
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
    const runStraight = async () => {
      const beforeMs = straight.cpuMs();
      const startMs = performance.now();
      for (const path of paths) await straight.run(path);
      runs.straightMs.push(performance.now() - startMs);
      runs.straightCpuMs.push(straight.cpuMs() - beforeMs);
    };
    await runUpscaleJob(mesh.client, { picture: scenes[0] as Buffer, model, scale });
    await straight.run(paths[0] as string);
    for (let round = 0; round < rounds; round++) {
      for (const run of round % 2 === 0 ? [runMesh, runStraight] : [runStraight, runMesh]) await run();
    }
    const ratiosOf = (values: readonly number[], others: readonly number[]) =>
      spread(
        values.map((value, at) => value / (others[at] as number)),
        3,
      );
    const ratio = ratiosOf(runs.meshMs, runs.straightMs);
    // Of each round the job that was treated worst.
    const shares = jobsMs.map((eachMs, round) => {
      const oneMs = (runs.straightMs[round] as number) / pictures;
      return Math.max(...eachMs.map((ms, at) => ms / ((at + 1) * oneMs)));
    });
    const share = spread(shares, 2);
    const common = { rounds, pictures, model, threads: availableParallelism(), load: loadavg()[0] };
    const cpuRatio = ratiosOf(runs.meshCpuMs, runs.straightCpuMs);
    return report("upscale-16", [
      {
        name: `${pictures} pictures of 640×480 ×4 at once: mesh / straight script, one after another`,
        value: ratio.median,
        unit: "×",
        bound: 1.05,
        details: { ...common, meshMs: spread(runs.meshMs), straightMs: spread(runs.straightMs), ratio, cpuRatio },
      },
      {
        name: "the job that waits longest for its place in the queue: its time / its fair share",
        value: share.median,
        unit: "×",
        bound: 3,
        details: { ...common, share, lastRoundMs: jobsMs.at(-1)?.map(Math.round) },
      },
    ]);
  } finally {
    await straight.close();
    await mesh.close();
  }
}
