import { loadavg } from "node:os";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { type OtlpSink, startOtlpSink } from "../harness/otlp-sink.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";
import { inParallel, makeTinyPicture, runTinyJob } from "../harness/tiny-jobs.ts";

/**
 * Sessions with new meshes. Two equal meshes differ by up to 3 %, because V8 compiles each process differently, and the one that starts
 * first is 1 % slower. So there are several sessions, with alternating order of start.
 */
const sessions = 6;
const pairsPerSession = 4;
const inFlight = 16;

/**
 * The jobs: one effect on a picture of this size. Tiny jobs come first and warm up the services, including the compilation of metrics
 * and tracing code.
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
 * Measures the cost of traces and metrics. One mesh sends traces at the default sampling and is scraped, one page a round, which is each
 * of the six pages about every 15 s of work. The other records no spans and no metrics. Both run all the time; rounds alternate, and so
 * does their order. The cost does not depend on the size of a job, so it matters most for small jobs.
 */
export async function telemetryCostCase(): Promise<boolean> {
  const sink = await startOtlpSink();
  try {
    const played: Awaited<ReturnType<typeof runSession>>[] = [];
    for (let session = 0; session < sessions; session++)
      played.push(await runSession(sink, session % 2 === 0 ? ["on", "off"] : ["off", "on"]));
    if (played.some(({ bytes }) => bytes === 0)) throw new Error("No trace was sent");
    const figures = sizes.map((size) => {
      const all = played.map((session) => session.rounds.get(size) as Played);
      return toFigure(size, { on: all.flatMap(({ on }) => on), off: all.flatMap(({ off }) => off) });
    });
    return report("telemetry-cost", figures);
  } finally {
    sink.close();
  }
}

/** The limit for small jobs is on lost throughput; the limit for tiny jobs, which are little more than calls, is on processor time per job. */
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
    sessions,
    pairs: on.length,
    jobs,
    load: loadavg()[0],
    sampling: "default: 10 %, at most 1 a second; the first of each call; failed and slow traces always",
    lost,
    ratio: spread(times, 3),
    cpuRatio: spread(ratios("cpuMs"), 3),
    paidMs,
    ms: { on: spread(valuesOf(on, "ms"), 2), off: spread(valuesOf(off, "ms"), 2) },
    cpuMs: { on: spread(valuesOf(on, "cpuMs"), 2), off: spread(valuesOf(off, "cpuMs"), 2) },
    bySession: Array.from(
      { length: sessions },
      (_, at) => spread(times.slice(at * pairsPerSession, (at + 1) * pairsPerSession), 3).median,
    ),
  };
  const jobsOf = `${name} jobs (${widthPx}x${heightPx}), ${inFlight} in flight`;
  return name === "small"
    ? { name: `throughput lost by traces and metrics, ${jobsOf}`, value: lost.median, unit: "%", bound: 3, details }
    : {
        name: `processor time of traces and metrics per job, ${jobsOf}`,
        value: Number(paidMs.toFixed(2)),
        unit: "ms",
        bound: 0.6,
        details,
      };
}

/** Runs one session with two new meshes. Returns the rounds of each job size, and the bytes of sent traces. */
async function runSession(sink: OtlpSink, order: readonly [Kind, Kind]) {
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
      for (let pair = 0; pair < pairsPerSession; pair++)
        for (const kind of pair % 2 === 0 ? order : order.toReversed())
          ofSize[kind].push(await play(kind, picture, size.jobs));
      played.set(size, ofSize);
    }
    const ingest = meshes.off.mesh.processes().findIndex(({ name }) => name === "ingest");
    const counted = await (await fetch(pageOf(meshes.off.mesh, ingest))).text();
    if (/^pixelmesh_jobs_submitted_total\{[^}]*\} [1-9]/m.test(counted))
      throw new Error("Expected the mesh without metrics to count nothing");
    return { rounds: played, bytes: await sink.readBytes() };
  } finally {
    for (const mesh of started) await mesh.close();
  }
}

function pageOf(mesh: BenchMesh["mesh"], at: number): string {
  const pages = mesh.processes().map(({ metrics }) => metrics);
  return pages[at % pages.length] as string;
}
