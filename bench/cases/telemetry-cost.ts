import { loadavg } from "node:os";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { startOtlpSink } from "../harness/otlp-sink.ts";
import { report } from "../harness/report.ts";
import { spread } from "../harness/stats.ts";
import { inParallel, makeTinyPicture, runTinyJob } from "../harness/tiny-jobs.ts";

const pairs = 20;
const jobs = 200;
const inFlight = 16;
const warmUpRounds = 3;

/**
 * What traces and metrics cost: a mesh that sends traces at the default sampling and is scraped, a page a round, which is
 * each of the six pages about every 12 s, against one that records no spans and counts nothing. Both run all the time;
 * rounds alternate and so does their order.
 */
export async function telemetryCostCase(): Promise<boolean> {
  const sink = await startOtlpSink();
  const preload = new URL("../harness/without-metrics.mjs", import.meta.url).href;
  const on = await startBenchMesh({ OTEL_EXPORTER_OTLP_ENDPOINT: sink.url });
  const off = await startBenchMesh({ NODE_OPTIONS: `--import=${preload}` });
  try {
    const picture = await makeTinyPicture();
    let contrast = 1;
    const play = async ({ client, cpuMs }: BenchMesh) => {
      const before = { ms: performance.now(), cpuMs: cpuMs() };
      await inParallel(jobs, inFlight, () => {
        contrast += 1e-4;
        return runTinyJob(client, picture, contrast);
      });
      return { ms: (performance.now() - before.ms) / jobs, cpuMs: (cpuMs() - before.cpuMs) / jobs };
    };
    let rounds = 0;
    const playOn = async () => {
      const { metrics } = on.mesh.processes()[rounds++ % on.mesh.processes().length] as { metrics: string };
      const [played] = await Promise.all([play(on), fetch(metrics).then((page) => page.arrayBuffer())]);
      return played;
    };
    for (let round = 0; round < warmUpRounds; round++) {
      await playOn();
      await play(off);
    }
    await sink.readBytes();
    const sinkBeforeMs = sink.cpuMs();
    const played = { on: [] as { ms: number; cpuMs: number }[], off: [] as { ms: number; cpuMs: number }[] };
    for (let pair = 0; pair < pairs; pair++) {
      for (const turn of pair % 2 === 0 ? ["on", "off"] : ["off", "on"])
        if (turn === "on") played.on.push(await playOn());
        else played.off.push(await play(off));
    }
    const counted = await (await fetch(pageOf(off))).text();
    if (/^pixelmesh_jobs_submitted_total\{[^}]*\} [1-9]/m.test(counted))
      throw new Error("The mesh without metrics counts");
    const bytes = await sink.readBytes();
    if (bytes === 0) throw new Error("No trace was sent");
    const ratios = (of: "ms" | "cpuMs") => played.on.map((each, at) => each[of] / (played.off[at]?.[of] as number));
    const all = (of: "ms" | "cpuMs") => ({
      on: spread(
        played.on.map((each) => each[of]),
        2,
      ),
      off: spread(
        played.off.map((each) => each[of]),
        2,
      ),
    });
    const ratio = spread(ratios("ms"), 3);
    return report("telemetry-cost", [
      {
        name: `time per tiny job, ${inFlight} in flight, with traces and metrics / without`,
        value: ratio.median,
        unit: "×",
        bound: 1.03,
        details: {
          ...{ pairs, jobs, sampling: "default: 10 % by chance, failed and slow ones always", load: loadavg()[0] },
          ...{ ratio, cpuRatio: spread(ratios("cpuMs"), 3), ms: all("ms"), cpuMs: all("cpuMs") },
          bytesPerJob: Math.round(bytes / (pairs * jobs)),
          receiverCpuMsPerJob: Number(((sink.cpuMs() - sinkBeforeMs) / (pairs * jobs)).toFixed(3)),
        },
      },
    ]);
  } finally {
    await on.close();
    await off.close();
    sink.close();
  }
}

const pageOf = ({ mesh }: BenchMesh) => mesh.processes().find(({ name }) => name === "ingest")?.metrics as string;
