import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { connectPixelmesh, JobState, type Pixelmesh } from "@pixelmesh/client";
import { startMesh } from "@pixelmesh/local-mesh";
import { ImageFormat } from "@pixelmesh/proto";
import sharp from "sharp";
import { readFamilyCpuMs } from "../harness/machine.ts";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";

const model = "pixelmesh-sr-x2";
const pairs = Number(process.env.PAIRS ?? 5);
const jobsPerRound = Number(process.env.JOBS ?? 40);
const inFlight = 4;
const recycleAfter = 20;

/**
 * Runs rounds of jobs of one tile (640×480 ×2), in turn on a mesh whose inference host is replaced every 20 tiles and on one whose host
 * is never replaced. Measures the time for a round and the failed jobs.
 */
export async function hostRecycleCase(): Promise<boolean> {
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-bench-"));
  const scene = fileURLToPath(new URL("../../examples/still-life.jpg", import.meta.url));
  const picture = await sharp(await readFile(scene))
    .resize(640, 480)
    .jpeg({ quality: 92 })
    .toBuffer();
  const start = async (name: string, after: number) => {
    const env = { ...process.env, PIXELMESH_UPSCALE_HOST_RECYCLE_AFTER: String(after) };
    const mesh = await startMesh({ dataDir: join(dir, name), ports: "free", env });
    const client = connectPixelmesh({ address: mesh.address });
    const upscale = mesh.processes().find((each) => each.name === "upscale");
    const metrics = upscale?.metrics ?? "";
    const cpuMs = () => readFamilyCpuMs(upscale?.pid ?? 0);
    const stop = async () => {
      client.close();
      await mesh.stop();
    };
    return { client, metrics, cpuMs, stop };
  };
  const recycled = await start("recycled", recycleAfter);
  const kept = await start("kept", 1_000_000);
  try {
    let failed = 0;
    for (const { client } of [recycled, kept]) await runJob(client, picture);
    const recycledMs: number[] = [];
    const keptMs: number[] = [];
    const recycledCpuMs: number[] = [];
    const keptCpuMs: number[] = [];
    for (let pair = 0; pair < pairs; pair++) {
      const turns = [
        { times: recycledMs, cpu: recycledCpuMs, ...recycled },
        { times: keptMs, cpu: keptCpuMs, ...kept },
      ];
      for (const { times, cpu, client, cpuMs } of pair % 2 === 0 ? turns : turns.toReversed()) {
        const startMs = performance.now();
        const startCpuMs = cpuMs();
        failed += await runRound(client, picture);
        times.push(performance.now() - startMs);
        cpu.push(cpuMs() - startCpuMs);
      }
    }
    const ratios = recycledMs.map((ms, at) => ms / (keptMs[at] as number));
    const cpuRatios = recycledCpuMs.map((ms, at) => ms / (keptCpuMs[at] as number));
    const ends = await recycledCount(recycled.metrics);
    const details = {
      pairs,
      jobsPerRound,
      inFlight,
      recycleAfter,
      model,
      hostsRecycled: ends,
      recycledMs: spread(recycledMs),
      keptMs: spread(keptMs),
      ratio: spread(ratios, 3),
      recycledCpuMs: spread(recycledCpuMs),
      keptCpuMs: spread(keptCpuMs),
      cpuRatio: spread(cpuRatios, 3),
    };
    const name = "640×480 ×2 under load, host replaced every 20 tiles: time / time without";
    return report("host-recycle", [
      { name, value: details.ratio.median, unit: "×", bound: 1.05, details },
      {
        name: "jobs that failed meanwhile",
        value: failed,
        unit: "",
        bound: 0,
        details: { jobs: 2 * pairs * jobsPerRound },
      },
    ]);
  } finally {
    await recycled.stop();
    await kept.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

/** Returns the number of replaced hosts so far. */
async function recycledCount(metricsUrl: string): Promise<number> {
  const page = await (await fetch(metricsUrl)).text();
  return Number(/^pixelmesh_host_ends_total\{reason="recycled"\} (\d+)$/m.exec(page)?.[1] ?? 0);
}

/** Runs a round, `inFlight` jobs at once. Returns the number of failed jobs. */
async function runRound(client: Pixelmesh, picture: Uint8Array): Promise<number> {
  let failed = 0;
  await Promise.all(
    Array.from({ length: inFlight }, async () => {
      for (let n = 0; n < jobsPerRound / inFlight; n++) if (!(await runJob(client, picture))) failed++;
    }),
  );
  return failed;
}

/** Runs a job. Returns whether it succeeded. */
async function runJob(client: Pixelmesh, picture: Uint8Array): Promise<boolean> {
  const { id } = await client.jobs.create({
    pipeline: {
      steps: [{ id: "upscale", operation: { $case: "upscale", value: { scale: 2, model } } }],
      outputs: [{ name: "result", encoding: { format: ImageFormat.JPEG } }],
    },
    pictures: [{ bytes: picture }],
    noCache: true,
  });
  return (await client.jobs.wait(id)).state === JobState.SUCCEEDED;
}
