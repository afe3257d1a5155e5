import { loadavg } from "node:os";
import { connectBus } from "@pixelmesh/bus";
import { createLogger, createMetrics } from "@pixelmesh/telemetry";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { readMeshMemory } from "../harness/mesh-memory.ts";
import { type Figure, report } from "../harness/report.ts";
import { percentile } from "../harness/stats.ts";
import { inParallel, makeTinyPicture, runTinyJob } from "../harness/tiny-jobs.ts";

const jobs = Number(process.env.JOBS || 20_000);
const inFlight = 16;
const warmUp = 1_000;
const maxPart = 10_000;

/**
 * Runs tiny jobs (JOBS, default 20,000) on one mesh with default limits. None may be refused or fail, the last ones must be as fast as
 * the first ones, and broker and storage must stay within their limits.
 */
export async function sustainedCase(): Promise<boolean> {
  if (!(jobs >= 2_000)) throw new Error(`Expected JOBS to be at least 2000, got ${process.env.JOBS}`);
  const { mesh, client, close } = await startBenchMesh();
  const log = createLogger({ service: "bench", level: "silent" });
  const options = { natsUrl: mesh.broker().url, natsReplicas: 1, ackWaitMs: 30_000, name: "bench", log };
  const bus = await connectBus({ ...options, metrics: createMetrics("bench", "0") });
  try {
    const picture = await makeTinyPicture();
    let created = 0;
    const failures: string[] = [];
    const timesMs: number[] = [];
    const runOne = async () => {
      const at = created++;
      const startMs = performance.now();
      // A new contrast, so that no result is stored, within the range of the effect.
      await runTinyJob(client, picture, 1 + at / 1e6).catch((error: unknown) => failures.push(String(error)));
      timesMs.push(performance.now() - startMs);
      if (at % 5_000 === 4_999) console.log(`  ${at + 1} jobs, ${brokerMiB()} MiB in the broker's memory`);
    };
    const brokerMiB = () =>
      Math.round((readMeshMemory(mesh).find(({ name }) => name === "broker")?.resident ?? 0) / 2 ** 20);
    await inParallel(warmUp, inFlight, runOne);
    timesMs.length = 0;
    const startMs = performance.now();
    await inParallel(jobs, inFlight, runOne);
    const tookMs = performance.now() - startMs;

    const part = Math.min(maxPart, Math.floor(jobs / 4));
    const [first, last] = [timesMs.slice(0, part), timesMs.slice(-part)].map((of) => percentile(of, 99));
    const streams = await Array.fromAsync(bus.jsm.streams.list());
    const fills = streams.map(({ config, state }) => [config.name, state.bytes / config.max_bytes] as const);
    const { storage } = await client.stats();
    const round = (value: number) => Number(value.toFixed(3));
    const figures: Figure[] = [
      {
        name: `jobs of ${warmUp + jobs} that were refused or failed`,
        value: failures.length,
        unit: "jobs",
        bound: 0,
        details: { failures: failures.slice(0, 5), jobsPerSecond: round((1_000 * jobs) / tookMs), load: loadavg()[0] },
      },
      {
        name: `p99 of the last ${part} jobs against the first ${part}`,
        value: round((last ?? Number.NaN) / (first ?? Number.NaN)),
        unit: "×",
        bound: 1.2,
        details: { firstMs: round(first ?? Number.NaN), lastMs: round(last ?? Number.NaN) },
      },
      {
        name: "fullest stream or bucket of the broker against its limit",
        value: round(Math.max(...fills.map(([, fill]) => fill))),
        unit: "×",
        bound: 1,
        details: {
          fills: Object.fromEntries(fills.map(([name, fill]) => [name, round(fill)])),
          entries: Object.fromEntries(streams.map(({ config, state }) => [config.name, state.messages])),
        },
      },
      {
        name: "storage against its limit",
        value: round((storage?.sizeBytes ?? Number.NaN) / (storage?.capacityBytes ?? Number.NaN)),
        unit: "×",
        bound: 1,
        details: { blobs: storage?.blobs },
      },
      {
        name: "resident memory of the broker at the end",
        value: brokerMiB(),
        unit: "MiB",
        bound: 1_024,
        details: Object.fromEntries(
          readMeshMemory(mesh).map(({ name, resident }) => [name, Math.round(resident / 2 ** 20)]),
        ),
      },
    ];
    return report("sustained", figures, `make bench CASE=sustained JOBS=${jobs}`);
  } finally {
    await bus.close();
    await close();
  }
}
