import { readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { type SquareModel, withBatch } from "../harness/batched-model.ts";
import { findModel } from "../harness/compare-with-baseline.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const batches = [1, 2, 4, 8];
const pictures = Math.max(...batches);

/** The bundled matte runs a picture and its mirror image as a batch of two, and separates the two mattes at these constants. */
const models = [
  { name: "pixelmesh-matte", sidePx: 256, batchConstants: ["/Constant_14_output_0", "/Constant_23_output_0"] },
  { name: "u2netp", sidePx: 320, batchConstants: [] },
];

/** What one run took, for each picture. */
type Cost = { readonly ms: number; readonly cpuMs: number };
type Way = {
  readonly batch: number;
  readonly heldMiB: number;
  /** The mattes of its first run. */
  readonly mattes: Float32Array;
  readonly run: () => Promise<Float32Array>;
  release(): Promise<void>;
};

/**
 * Measures whether batches of pictures pay on the CPU provider: processor time of eight pictures in runs of 1, 2, 4 and 8, in alternating order, with
 * the session options of the inference host. A copy of the model in memory has the batch in place of its one. Throws if a batch does not give
 * the mattes of single runs. Above the limit reconsider docs/adr/0041.
 */
export async function batchMattesCase(): Promise<boolean> {
  const figures: Figure[] = [];
  for (const { name, ...shape } of models) {
    const path = findModel(name);
    if (path === undefined) console.log(`  skipped: the file of ${name} is missing`);
    else for (const threads of [1, 2]) figures.push(await compareBatches(name, { path, ...shape }, threads));
  }
  return report("batch-mattes", figures);
}

async function compareBatches(name: string, model: SquareModel, threads: number): Promise<Figure> {
  const samples = await readSamples(model.sidePx);
  const ways: Way[] = [];
  for (const batch of batches) ways.push(await openWay(model, { threads, batch, samples }));
  const worst = Math.max(...ways.map(({ mattes }) => largestDifference(mattes, (ways[0] as Way).mattes)));
  if (!(worst < 1e-3)) throw new Error(`A batch of ${name} differs from single runs by ${worst}`);

  const costs = ways.map(() => [] as Cost[]);
  for (let round = 0; round < rounds; round++) {
    const order = round % 2 === 0 ? [...ways.keys()] : [...ways.keys()].toReversed();
    for (const at of order) costs[at]?.push(await measure((ways[at] as Way).run));
  }
  for (const way of ways) await way.release();
  const [alone = 0, ...others] = costs.map((each) => median(each.map(({ cpuMs }) => cpuMs)));
  return {
    name: `${name}, ${threads} thread${threads > 1 ? "s" : ""}: alone / in the best batch, processor time per picture`,
    value: Number((alone / Math.min(...others)).toFixed(3)),
    unit: "×",
    bound: 1.15,
    details: { rounds, pictures, threads, load: loadavg()[0], worstDifference: worst, ofBatch: toTable(ways, costs) },
  };
}

/** Opens a session for batches of one size, and measures the anonymous memory that it and its first run keep. */
async function openWay(
  model: SquareModel,
  { threads, batch, samples }: { readonly threads: number; readonly batch: number; readonly samples: Float32Array },
): Promise<Way> {
  const beforeMiB = anonymousMiB();
  const session = await InferenceSession.create(withBatch(model, batch), {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionProviders: ["cpu"],
    graphOptimizationLevel: "all",
    enableCpuMemArena: true,
    enableMemPattern: false,
    extra: { "session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0" },
  });
  const [input = "", output = ""] = [session.inputNames[0], session.outputNames[0]];
  const size = batch * 3 * model.sidePx ** 2;
  const runAll = async () => {
    const mattes = new Float32Array(samples.length / 3);
    for (let at = 0; at < samples.length; at += size) {
      const feed = new Tensor("float32", samples.subarray(at, at + size), [batch, 3, model.sidePx, model.sidePx]);
      const { [output]: matte } = await session.run({ [input]: feed }, [output]);
      mattes.set(matte?.data as Float32Array, at / 3);
    }
    return mattes;
  };
  const mattes = await runAll();
  const heldMiB = Math.round(anonymousMiB() - beforeMiB);
  return { batch, heldMiB, mattes, run: runAll, release: () => session.release() };
}

async function measure(run: () => Promise<unknown>): Promise<Cost> {
  const [startMs, before] = [performance.now(), process.cpuUsage()];
  await run();
  const { user, system } = process.cpuUsage(before);
  return { ms: (performance.now() - startMs) / pictures, cpuMs: (user + system) / 1_000 / pictures };
}

/** Returns different pictures of the model's side, as planes of red, green and blue from −2 to 2. */
async function readSamples(sidePx: number): Promise<Float32Array> {
  const values = new Float32Array(pictures * 3 * sidePx ** 2);
  for (let picture = 0; picture < pictures; picture++) {
    const scene = await toScene({ widthPx: sidePx, heightPx: sidePx }, picture * 40);
    const rgb = await sharp(scene).removeAlpha().raw().toBuffer();
    for (const [at, value] of rgb.entries())
      values[(picture * 3 + (at % 3)) * sidePx ** 2 + Math.floor(at / 3)] = (value - 128) / 64;
  }
  return values;
}

function largestDifference(values: Float32Array, others: Float32Array): number {
  return values.reduce((most, value, at) => Math.max(most, Math.abs(value - (others[at] as number))), 0);
}

function toTable(ways: readonly Way[], costs: readonly (readonly Cost[])[]): Record<number, unknown> {
  const each = (at: number, measured: keyof Cost) => spread(costs[at]?.map((cost) => cost[measured]) ?? [], 2);
  return Object.fromEntries(
    ways.map(({ batch, heldMiB }, at) => [
      batch,
      { cpuMsPerPicture: each(at, "cpuMs"), msPerPicture: each(at, "ms"), heldMiB },
    ]),
  );
}

function anonymousMiB(): number {
  return Number(readFileSync("/proc/self/status", "utf8").match(/^RssAnon:\s+(\d+) kB/m)?.[1]) / 1024;
}
