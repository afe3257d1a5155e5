import { loadavg } from "node:os";
import { type BenchMesh, startBenchMesh } from "../harness/bench-mesh.ts";
import { type OtlpSink, startOtlpSink } from "../harness/otlp-sink.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";
import { inParallel, makeTinyPicture, runTinyJob } from "../harness/tiny-jobs.ts";

/** In each of two sittings; in the second the mesh without is started first, for the first is a percent slower. */
const pairs = 12;
const inFlight = 16;
const warmUpRounds = 4;

/** What jobs are played: one effect on a picture of these sides. */
const sizes = [
  { name: "small", widthPx: 640, heightPx: 480, jobs: 100, bound: 1.03 },
  { name: "tiny", widthPx: 64, heightPx: 64, jobs: 200, bound: 1.03 },
] as const;
type JobSize = (typeof sizes)[number];

type Kind = "on" | "off";
type Round = { readonly ms: number; readonly cpuMs: number };
type Played = Record<Kind, Round[]>;

/**
 * What traces and metrics cost: a mesh that sends traces at the default sampling and is scraped, a page a round, which is
 * each of the six pages about every 12 s, against one that records no spans and counts nothing. Both run all the time;
 * rounds alternate and so does their order. They cost the same for a job of any size, so the smaller the job the more they weigh.
 */
export async function telemetryCostCase(): Promise<boolean> {
  const sink = await startOtlpSink();
  try {
    const sittings = [await playSitting(sink, ["on", "off"]), await playSitting(sink, ["off", "on"])];
    if (sittings.some(({ bytes }) => bytes === 0)) throw new Error("No trace was sent");
    const figures = sizes.map((size) => {
      const all = sittings.map(({ played }) => played.get(size) as Played);
      return toFigure(size, { on: all.flatMap(({ on }) => on), off: all.flatMap(({ off }) => off) });
    });
    return report("telemetry-cost", figures);
  } finally {
    sink.close();
  }
}

function toFigure({ name, widthPx, heightPx, jobs, bound }: JobSize, { on, off }: Played): Figure {
  const ratios = (of: keyof Round) => on.map((each, at) => each[of] / (off[at]?.[of] as number));
  const spreadOf = (rounds: readonly Round[], of: keyof Round) =>
    spread(
      rounds.map((each) => each[of]),
      2,
    );
  const ratio = spread(ratios("ms"), 3);
  return {
    name: `time per ${name} job (${widthPx}x${heightPx}), ${inFlight} in flight, with traces and metrics / without`,
    value: ratio.median,
    unit: "×",
    bound,
    details: {
      ...{ pairs: on.length, jobs, load: loadavg()[0], ratio, cpuRatio: spread(ratios("cpuMs"), 3) },
      sampling: "default: 10 % by chance, 1 a second at most; failed and slow ones always",
      ms: { on: spreadOf(on, "ms"), off: spreadOf(off, "ms") },
      cpuMs: { on: spreadOf(on, "cpuMs"), off: spreadOf(off, "cpuMs") },
    },
  };
}

/** Both meshes from their start to their end: rounds of jobs of each size, and the bytes of traces that were sent. */
async function playSitting(sink: OtlpSink, order: readonly [Kind, Kind]) {
  const preload = new URL("../harness/without-metrics.mjs", import.meta.url).href;
  const env = { on: { OTEL_EXPORTER_OTLP_ENDPOINT: sink.url }, off: { NODE_OPTIONS: `--import=${preload}` } };
  const started = [await startBenchMesh(env[order[0]]), await startBenchMesh(env[order[1]])] as const;
  const meshes = { [order[0]]: started[0], [order[1]]: started[1] } as Record<Kind, BenchMesh>;
  const played = new Map<JobSize, Played>();
  let rounds = 0;
  let contrast = 1;
  const play = async (kind: Kind, picture: Buffer, jobs: number): Promise<Round> => {
    const { client, cpuMs, mesh } = meshes[kind];
    const before = { ms: performance.now(), cpuMs: cpuMs() };
    const page = kind === "on" ? fetch(pageOf(mesh, rounds++)).then((answer) => answer.arrayBuffer()) : undefined;
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
      for (let round = 0; round < warmUpRounds; round++) for (const kind of order) await play(kind, picture, size.jobs);
      const ofSize: Played = { on: [], off: [] };
      for (let pair = 0; pair < pairs; pair++)
        for (const kind of pair % 2 === 0 ? order : order.toReversed())
          ofSize[kind].push(await play(kind, picture, size.jobs));
      played.set(size, ofSize);
    }
    const ingest = meshes.off.mesh.processes().findIndex(({ name }) => name === "ingest");
    const counted = await (await fetch(pageOf(meshes.off.mesh, ingest))).text();
    if (/^pixelmesh_jobs_submitted_total\{[^}]*\} [1-9]/m.test(counted))
      throw new Error("The mesh without metrics counts");
    return { played, bytes: await sink.readBytes() };
  } finally {
    for (const mesh of started) await mesh.close();
  }
}

function pageOf(mesh: BenchMesh["mesh"], at: number): string {
  const pages = mesh.processes().map(({ metrics }) => metrics);
  return pages[at % pages.length] as string;
}
