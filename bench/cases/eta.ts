import { loadavg } from "node:os";
import { isJobEnded, type Job, JobState, type PipelineInput, type Pixelmesh, Quality } from "@pixelmesh/client";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { report } from "../harness/report.ts";
import { type Sides, toScene } from "../harness/scenes.ts";
import { percentile, spread } from "../harness/stats.ts";

const atOnce = 3;
/** Rounds of the workload before anything is judged, and after that. */
const warmUps = 2;
const rounds = Number(process.env.ROUNDS || 4);
/** A ratio to a rest below this says little: what is shown is as old as that. */
const leastRestMs = 500;

const effects = (...names: string[]): PipelineInput => ({
  steps: [{ id: "fx", operation: { $case: "applyEffects", value: { effects: names.map((name) => ({ name })) } } }],
});
const upscale: PipelineInput = { steps: [{ id: "up", operation: { $case: "upscale", value: { scale: 2 } } }] };
const upscaleFour: PipelineInput = { steps: [{ id: "up", operation: { $case: "upscale", value: { scale: 4 } } }] };
const cutOut: PipelineInput = { steps: [{ id: "cut", operation: { $case: "removeBackground", value: {} } }] };
const blurred: PipelineInput = {
  steps: [
    { id: "cut", operation: { $case: "removeBackground", value: {} } },
    {
      id: "behind",
      inputs: [{ from: { $case: "step", value: "cut" } }, { from: { $case: "upload", value: "source" } }],
      operation: { $case: "replaceBackground", value: { background: { $case: "blurSigmaPx", value: 20 } } },
    },
  ],
};
const enlargedEffect: PipelineInput = {
  steps: [
    { id: "up", operation: { $case: "upscale", value: { scale: 2 } } },
    { id: "fx", operation: { $case: "applyEffects", value: { effects: [{ name: "pop_art" }] } } },
  ],
};

const sides = (widthPx: number, heightPx: number): Sides => ({ widthPx, heightPx });
/** Upscales of several sizes, cut-outs, effects, and jobs of two steps. */
const workload: readonly (readonly [PipelineInput, Sides])[] = [
  [upscale, sides(320, 240)],
  [upscale, sides(640, 480)],
  [upscale, sides(1_280, 960)],
  [upscale, sides(1_920, 1_080)],
  [upscaleFour, sides(320, 240)],
  [upscaleFour, sides(640, 480)],
  [cutOut, sides(800, 600)],
  [cutOut, sides(2_000, 1_500)],
  [cutOut, sides(4_000, 3_000)],
  [effects("dither"), sides(3_000, 2_000)],
  [effects("pop_art"), sides(4_000, 3_000)],
  [effects("black_and_white", "pop_art", "retro_8bit"), sides(4_000, 3_000)],
  [effects("retro_8bit"), sides(2_000, 1_500)],
  [blurred, sides(1_600, 1_200)],
  [enlargedEffect, sides(960, 720)],
];

type Seen = { readonly atMs: number; readonly progress: number; readonly etaMs: number };
type Watched = { readonly endMs: number; readonly wholeMs: number; readonly seen: readonly Seen[] };

/**
 * The time left, as WatchJob tells it of a mixed workload, three jobs at once, against what it really was: the error at the first
 * update from a quarter of progress on, and the worst ratio of any update.
 */
export async function etaCase(): Promise<boolean> {
  const bench = await startBenchMesh({ PIXELMESH_LOG_LEVEL: "warn" });
  try {
    for (let round = 0; round < warmUps; round++) await runAll(bench.client, round);
    const watched: Watched[] = [];
    for (let round = 0; round < rounds; round++) watched.push(...(await runAll(bench.client, warmUps + round)));
    const quarters = watched.flatMap(({ endMs, seen }) => {
      const first = seen.find(({ progress }) => progress >= 0.25);
      return first === undefined ? [] : [{ ...first, restMs: endMs - first.atMs }];
    });
    const told = quarters.filter(({ etaMs, restMs }) => etaMs >= 0 && restMs > 0);
    const errors = told.map(({ etaMs, restMs }) => Math.abs(etaMs - restMs) / restMs);
    const updates = watched.flatMap(({ endMs, seen }) =>
      seen.map(({ etaMs, atMs }) => ({ etaMs, restMs: endMs - atMs })),
    );
    const ratios = updates
      .filter(({ etaMs }) => etaMs >= 0)
      .map(({ etaMs, restMs }) => etaMs / Math.max(leastRestMs, restMs));
    const falls = watched.reduce((sum, { seen }) => sum + countFalls(seen), 0);
    const details = {
      ...{ jobs: watched.length, atOnce, load: loadavg()[0] },
      wholeMs: spread(watched.map(({ wholeMs }) => wholeMs)),
      ...{ updates: updates.length, withTimeLeft: ratios.length },
    };
    return report("eta", [
      {
        name: "median relative error of the time left at a quarter of progress",
        value: Number(percentile(errors, 50).toFixed(3)),
        unit: "",
        bound: 0.3,
        details: {
          ...details,
          ...{ quarters: quarters.length, told: told.length, p90: Number(percentile(errors, 90).toFixed(3)) },
        },
      },
      {
        name: `highest time left over the true rest (of at least ${leastRestMs} ms)`,
        value: Number(Math.max(0, ...ratios).toFixed(2)),
        unit: "×",
        bound: 10,
        details: { p99: Number(percentile(ratios, 99).toFixed(2)) },
      },
      { name: "updates in which progress fell", value: falls, unit: "updates", bound: 0, details: {} },
    ]);
  } finally {
    await bench.close();
  }
}

/** Every job of the workload once, in an order of the round's own, `atOnce` at a time. */
async function runAll(client: Pixelmesh, round: number): Promise<Watched[]> {
  const order = workload.map((_, at) => workload[(at * 7 + round * 4) % workload.length] as (typeof workload)[number]);
  const waiting = order[Symbol.iterator]();
  const watched: Watched[] = [];
  const run = async () => {
    for (const [pipeline, size] of waiting) {
      const bytes = await toScene(size, 1 + round);
      watched.push(await watch(client, pipeline, bytes));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, run));
  return watched;
}

async function watch(client: Pixelmesh, pipeline: PipelineInput, bytes: Uint8Array): Promise<Watched> {
  const job = await client.jobs.create({ pipeline, pictures: [{ bytes }], quality: Quality.HIGH, noCache: true });
  const startMs = performance.now();
  const seen: Seen[] = [];
  let last: Job = job;
  for await (const update of client.jobs.watch(job.id)) {
    last = update;
    if (!isJobEnded(update)) seen.push({ atMs: performance.now(), progress: update.progress, etaMs: update.etaMs });
  }
  if (last.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${last.error?.message}`);
  const endMs = performance.now();
  return { endMs, wholeMs: endMs - startMs, seen };
}

function countFalls(seen: readonly Seen[]): number {
  return seen.filter(({ progress }, at) => progress < (seen[at - 1]?.progress ?? 0)).length;
}
