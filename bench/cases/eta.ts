import { loadavg } from "node:os";
import { isJobEnded, type Job, JobState, type PipelineInput, type Pixelmesh, Quality } from "@pixelmesh/client";
import { startBenchMesh } from "../harness/bench-mesh.ts";
import { report } from "../harness/report.ts";
import { type Sides, toScene } from "../harness/scenes.ts";
import { percentile, spread } from "../harness/stats.ts";

const inFlight = 3;
/** Rounds of the workload before the measurement, and in it. */
const warmUps = 2;
const rounds = Number(process.env.ROUNDS || 4);
/** Lower limit of the rest in a ratio. An update can be this old. */
const minRestMs = 500;

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

type Update = { readonly atMs: number; readonly progress: number; readonly etaMs: number };
type WatchedJob = { readonly endMs: number; readonly wholeMs: number; readonly updates: readonly Update[] };

/**
 * Compares the time left that WatchJob reports with the true rest, for a mixed workload with three jobs in flight: the error at the first
 * update from a quarter of progress on, and the worst ratio of any update.
 */
export async function etaCase(): Promise<boolean> {
  const bench = await startBenchMesh({ PIXELMESH_LOG_LEVEL: "warn" });
  try {
    for (let round = 0; round < warmUps; round++) await runAll(bench.client, round);
    const watched: WatchedJob[] = [];
    for (let round = 0; round < rounds; round++) watched.push(...(await runAll(bench.client, warmUps + round)));
    const quarters = watched.flatMap(({ endMs, updates }) => {
      const first = updates.find(({ progress }) => progress >= 0.25);
      return first === undefined ? [] : [{ ...first, restMs: endMs - first.atMs }];
    });
    const estimated = quarters.filter(({ etaMs, restMs }) => etaMs >= 0 && restMs > 0);
    const errors = estimated.map(({ etaMs, restMs }) => Math.abs(etaMs - restMs) / restMs);
    const estimates = watched.flatMap(({ endMs, updates }) =>
      updates.map(({ etaMs, atMs }) => ({ etaMs, restMs: endMs - atMs })),
    );
    const ratios = estimates
      .filter(({ etaMs }) => etaMs >= 0)
      .map(({ etaMs, restMs }) => etaMs / Math.max(minRestMs, restMs));
    const falls = watched.reduce((sum, { updates }) => sum + countFalls(updates), 0);
    const details = {
      jobs: watched.length,
      inFlight,
      load: loadavg()[0],
      wholeMs: spread(watched.map(({ wholeMs }) => wholeMs)),
      updates: estimates.length,
      withTimeLeft: ratios.length,
    };
    return report("eta", [
      {
        name: "median relative error of the time left at a quarter of progress",
        value: Number(percentile(errors, 50).toFixed(3)),
        unit: "",
        bound: 0.3,
        details: {
          ...details,
          quarters: quarters.length,
          estimated: estimated.length,
          p90: Number(percentile(errors, 90).toFixed(3)),
        },
      },
      {
        name: `highest time left over the true rest (of at least ${minRestMs} ms)`,
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

/** Runs every job of the workload once, in an order that depends on the round, `inFlight` at once. */
async function runAll(client: Pixelmesh, round: number): Promise<WatchedJob[]> {
  const order = workload.map((_, at) => workload[(at * 7 + round * 4) % workload.length] as (typeof workload)[number]);
  const waiting = order[Symbol.iterator]();
  const watched: WatchedJob[] = [];
  const run = async () => {
    for (const [pipeline, size] of waiting) {
      const bytes = await toScene(size, 1 + round);
      watched.push(await watch(client, pipeline, bytes));
    }
  };
  await Promise.all(Array.from({ length: inFlight }, run));
  return watched;
}

async function watch(client: Pixelmesh, pipeline: PipelineInput, bytes: Uint8Array): Promise<WatchedJob> {
  const job = await client.jobs.create({ pipeline, pictures: [{ bytes }], quality: Quality.HIGH, noCache: true });
  const startMs = performance.now();
  const updates: Update[] = [];
  let last: Job = job;
  for await (const update of client.jobs.watch(job.id)) {
    last = update;
    if (!isJobEnded(update)) updates.push({ atMs: performance.now(), progress: update.progress, etaMs: update.etaMs });
  }
  if (last.state !== JobState.SUCCEEDED) throw new Error(`A job failed: ${last.error?.message}`);
  const endMs = performance.now();
  return { endMs, wholeMs: endMs - startMs, updates };
}

function countFalls(updates: readonly Update[]): number {
  return updates.filter(({ progress }, at) => progress < (updates[at - 1]?.progress ?? 0)).length;
}
