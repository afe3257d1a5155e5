import { loadavg } from "node:os";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { type OtlpSink, startOtlpSink } from "../harness/otlp-sink.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";
import { inParallel, makeTinyPicture, runTinyJob } from "../harness/tiny-jobs.ts";

/**
 * Two meshes that differ in nothing differ by up to 3 %, for V8 compiles each process a little differently, and the one started
 * first is a percent slower: so there are several sittings with new meshes, in every other one that without is first.
 */
const sittings = 10;
const pairsPerSitting = 4;
const inFlight = 16;

/**
 * What jobs are played: one effect on a picture of these sides. Tiny ones come first and warm all up: services that have run for
 * a while are what is measured, and what is counted and noted is code to be compiled too.
 */
const sizes = [
  { name: "tiny", widthPx: 64, heightPx: 64, jobs: 350, warmUpRounds: 6 },
  { name: "small", widthPx: 640, heightPx: 480, jobs: 100, warmUpRounds: 2 },
] as const;
type JobSize = (typeof sizes)[number];

type Kind = "on" | "off";
type Round = { readonly ms: number; readonly cpuMs: number };
type Played = Record<Kind, Round[]>;

/**
 * What traces and metrics cost: a mesh that sends traces at the default sampling and is scraped, a page a round, which is
 * each of the six pages about every 15 s that the mesh works, against one that records no spans and counts nothing. Both run all the time;
 * rounds alternate and so does their order. They cost the same for a job of any size, so the smaller the job the more they weigh.
 */
export async function telemetryCostCase(): Promise<boolean> {
  const sink = await startOtlpSink();
  try {
    const played: Awaited<ReturnType<typeof playSitting>>[] = [];
    for (let sitting = 0; sitting < sittings; sitting++)
      played.push(await playSitting(sink, sitting % 2 === 0 ? ["on", "off"] : ["off", "on"]));
    if (played.some(({ bytes }) => bytes === 0)) throw new Error("No trace was sent");
    const figures = sizes.map((size) => {
      const all = played.map((sitting) => sitting.rounds.get(size) as Played);
      return toFigure(size, { on: all.flatMap(({ on }) => on), off: all.flatMap(({ off }) => off) });
    });
    return report("telemetry-cost", figures);
  } finally {
    sink.close();
  }
}

/** Small jobs are held to the share of the throughput that they lose; tiny ones, which are little else than calls, to what each of them pays. */
function toFigure({ name, widthPx, heightPx, jobs }: JobSize, { on, off }: Played): Figure {
  const valuesOf = (rounds: readonly Round[], of: keyof Round) => rounds.map((each) => each[of]);
  const ratios = (of: keyof Round) => on.map((each, at) => each[of] / (off[at]?.[of] as number));
  const times = ratios("ms");
  const lost = spread(
    times.map((time) => 100 * (1 - 1 / time)),
    2,
  );
  const paidMs = median(valuesOf(on, "cpuMs")) - median(valuesOf(off, "cpuMs"));
  const details = {
    ...{ sittings, pairs: on.length, jobs, load: loadavg()[0] },
    sampling: "default: 10 % by chance, 1 a second at most; failed and slow ones always",
    ...{ lost, ratio: spread(times, 3), cpuRatio: spread(ratios("cpuMs"), 3), paidMs },
    ms: { on: spread(valuesOf(on, "ms"), 2), off: spread(valuesOf(off, "ms"), 2) },
    cpuMs: { on: spread(valuesOf(on, "cpuMs"), 2), off: spread(valuesOf(off, "cpuMs"), 2) },
    bySitting: Array.from(
      { length: sittings },
      (_, at) => spread(times.slice(at * pairsPerSitting, (at + 1) * pairsPerSitting), 3).median,
    ),
  };
  const jobsOf = `${name} jobs (${widthPx}x${heightPx}), ${inFlight} in flight`;
  return name === "small"
    ? { name: `throughput lost by traces and metrics, ${jobsOf}`, value: lost.median, unit: "%", bound: 3, details }
    : {
        ...{ name: `processor time of traces and metrics a job, ${jobsOf}`, unit: "ms", bound: 0.6, details },
        value: Number(paidMs.toFixed(2)),
      };
}

/** Both meshes from their start to their end: rounds of jobs of each size, and the bytes of traces that were sent. */
async function playSitting(sink: OtlpSink, order: readonly [Kind, Kind]) {
  const preload = new URL("../harness/without-metrics.mjs", import.meta.url).href;
  const env = { on: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }, off: { NODE_OPTIONS: `--import=${preload}` } };
  const started = [await startBenchMesh(env[order[0]]), await startBenchMesh(env[order[1]])] as const;
  const meshes = { [order[0]]: started[0], [order[1]]: started[1] } as Record<Kind, BenchMesh>;
  const played = new Map<JobSize, Played>();
  let pages = 0;
  let contrast = 1;
  const play = async (kind: Kind, picture: Buffer, jobs: number): Promise<Round> => {
    const { client, cpuMs, mesh } = meshes[kind];
    const before = { ms: performance.now(), cpuMs: cpuMs() };
    const page = kind === "on" ? fetch(pageOf(mesh, pages++)).then((answer) => answer.arrayBuffer()) : undefined;
    await inParallel(jobs, inFlight, () => {
      contrast += 1e-4;
      return runTinyJob(client, picture, contrast);
    });
    await page;
    return { ms: (performance.now() - before.ms) / jobs, cpuMs: (cpuMs() - before.cpuMs) / jobs };
  };
  try {
    for (const size of sizes) {
      const picture = size.name === "tiny" ? await makeTinyPicture() : await toScene(size);
      for (let round = 0; round < size.warmUpRounds; round++)
        for (const kind of order) await play(kind, picture, size.jobs);
      const ofSize: Played = { on: [], off: [] };
      for (let pair = 0; pair < pairsPerSitting; pair++)
        for (const kind of pair % 2 === 0 ? order : order.toReversed())
          ofSize[kind].push(await play(kind, picture, size.jobs));
      played.set(size, ofSize);
    }
    const ingest = meshes.off.mesh.processes().findIndex(({ name }) => name === "ingest");
    const counted = await (await fetch(pageOf(meshes.off.mesh, ingest))).text();
    if (/^pixelmesh_jobs_submitted_total\{[^}]*\} [1-9]/m.test(counted))
      throw new Error("The mesh without metrics counts");
    return { rounds: played, bytes: await sink.readBytes() };
  } finally {
    for (const mesh of started) await mesh.close();
  }
}

function pageOf(mesh: BenchMesh["mesh"], at: number): string {
  const pages = mesh.processes().map(({ metrics }) => metrics);
  return pages[at % pages.length] as string;
}
