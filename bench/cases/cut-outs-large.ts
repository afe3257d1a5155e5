import { loadavg } from "node:os";
import type { MeshProcess } from "@pixelmesh/local-mesh";
import { ImageFormat } from "@pixelmesh/proto";
import sharp from "sharp";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { readAnonymous, readCpuMs } from "../harness/machine.ts";
import { runPictureJob } from "../harness/picture-job.ts";
import { report } from "../harness/report.ts";
import { type Sides, toScene } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const warmRuns = 3;
const smallRuns = 20;
const size1 = { widthPx: 1_154, heightPx: 866 };
const size12 = { widthPx: 4_000, heightPx: 3_000 };
const size50 = { widthPx: 8_660, heightPx: 5_773 };
const sampleEveryMs = 20;
const operation = { $case: "removeBackground", value: { model: "pixelmesh-matte" } } as const;

/** One cut-out: what the service spent on it beside its model, and its highest memory, in MiB. */
type Run = {
  readonly totalMs: number;
  readonly stepMs: number;
  readonly ownMs: number;
  readonly ownCpuMs: number;
  readonly peakMiB: number;
};

/**
 * Cuts the object out of pictures of 1, 12 and 50 megapixels by the bundled model, one after another through a warm mesh, JPEG to PNG: time of the step without the
 * runs of its model as the service measures both, processor time of the service, and its anonymous memory with that of its threads.
 */
export async function cutOutsLargeCase(): Promise<boolean> {
  const mesh = await startBenchMesh();
  const background = mesh.mesh.processes().find(({ name }) => name === "background") as MeshProcess;
  try {
    const picture = await toPhotograph(size12);
    for (let run = 0; run < warmRuns; run++) await cutOut(mesh, background, picture);
    const runs: Run[] = [];
    for (let round = 0; round < rounds; round++) runs.push(await cutOut(mesh, background, picture));
    const small = await toPhotograph(size1);
    const smallCpuMs: number[] = [];
    for (let run = 0; run < warmRuns + smallRuns; run++)
      smallCpuMs.push((await cutOut(mesh, background, small)).ownCpuMs);
    const load = loadavg()[0];
    const large = await cutOut(mesh, background, await toPhotograph(size50));
    const of = (pick: (run: Run) => number) => runs.map(pick);
    const details = {
      rounds,
      load,
      ...size12,
      stepMs: spread(of(({ stepMs }) => stepMs)),
      ownMs: spread(of(({ ownMs }) => ownMs)),
      ownCpuMs: spread(of(({ ownCpuMs }) => ownCpuMs)),
      totalMs: spread(of(({ totalMs }) => totalMs)),
      peakMiB: spread(of(({ peakMiB }) => peakMiB)),
    };
    const perMegapixel = (ms: number, { widthPx, heightPx }: Sides) =>
      Number((ms / ((widthPx * heightPx) / 1e6)).toFixed(1));
    // The clock of processes has ticks of 10 ms, so small pictures are summed.
    const smallSumMs = smallCpuMs.slice(warmRuns).reduce((sum, ms) => sum + ms, 0);
    return report("cut-outs-large", [
      {
        name: "12 MP, warm: time of the step without inference",
        value: Math.round(median(of(({ ownMs }) => ownMs))),
        unit: "ms",
        bound: 250,
        details,
      },
      {
        name: "12 MP: processor time of the service, without its inference host",
        value: perMegapixel(median(of(({ ownCpuMs }) => ownCpuMs)), size12),
        unit: "ms a megapixel",
        bound: 60,
        details: {},
      },
      {
        name: "1 MP: the same",
        value: perMegapixel(smallSumMs / smallRuns, size1),
        unit: "ms a megapixel",
        bound: 60,
        details: { ...size1, runs: smallRuns },
      },
      {
        name: "50 MP: anonymous memory of the service and its threads, highest",
        value: Math.round(large.peakMiB),
        unit: "MiB",
        bound: 700,
        details: { ...size50, sampleEveryMs, ownMs: Math.round(large.ownMs), ownCpuMs: large.ownCpuMs },
      },
    ]);
  } finally {
    await mesh.close();
  }
}

/** Returns the still life of examples/, enlarged, with the grain of a camera: a JPEG. */
async function toPhotograph(size: Sides): Promise<Buffer> {
  const { widthPx: width, heightPx: height } = size;
  const grain = {
    create: { width, height, channels: 3, background: "grey", noise: { type: "gaussian", mean: 128, sigma: 10 } },
  } as const;
  return sharp(await toScene(size))
    .composite([{ input: grain, blend: "soft-light" }])
    .jpeg({ quality: 92 })
    .toBuffer();
}

async function cutOut({ client }: BenchMesh, { pid, metrics }: MeshProcess, picture: Uint8Array): Promise<Run> {
  const before = await readSeconds(metrics);
  const cpuMs = readCpuMs(pid);
  let peakBytes = readAnonymous(pid);
  const timer = setInterval(() => {
    peakBytes = Math.max(peakBytes, readAnonymous(pid));
  }, sampleEveryMs);
  try {
    const totalMs = await runPictureJob(client, { picture, operation, format: ImageFormat.PNG });
    const ownCpuMs = readCpuMs(pid) - cpuMs;
    const after = await readSeconds(metrics);
    const stepMs = (after.steps - before.steps) * 1_000;
    const ownMs = stepMs - (after.runs - before.runs) * 1_000;
    return { totalMs, stepMs, ownMs, ownCpuMs, peakMiB: peakBytes / 2 ** 20 };
  } finally {
    clearInterval(timer);
  }
}

/** Returns the seconds that the service has spent on cut-outs, and those of their model's runs. */
async function readSeconds(metricsUrl: string): Promise<{ readonly steps: number; readonly runs: number }> {
  const page = await (await fetch(metricsUrl)).text();
  const sumOf = (name: string) =>
    [...page.matchAll(new RegExp(`^${name}_sum\\{.*\\} (\\S+)$`, "gm"))].reduce(
      (sum, [, value]) => sum + Number(value),
      0,
    );
  return { steps: sumOf("pixelmesh_step_duration_seconds"), runs: sumOf("pixelmesh_tile_seconds") };
}
