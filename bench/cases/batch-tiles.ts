import { availableParallelism, loadavg } from "node:os";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { findModel } from "../harness/against-straight.ts";
import { type Figure, report } from "../harness/report.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 9);
const batches = [1, 2, 4];
const models = ["pixelmesh-sr-x4", "pixelmesh-sr-x2"];
const tilesPx = [64, 128, 256];

/**
 * Whether equal tiles are worth putting into one run on the CPU provider: milliseconds a tile for batches of 1, 2 and 4, in turn, with
 * sessions as the inference host makes them. Held: a tile alone costs hardly more than in the best batch (docs/adr/0041).
 */
export async function batchTilesCase(): Promise<boolean> {
  const figures: Figure[] = [];
  for (const model of models) {
    const session = await InferenceSession.create(findModel(model) as string, {
      intraOpNumThreads: availableParallelism(),
      interOpNumThreads: 1,
      executionProviders: ["cpu"],
      enableCpuMemArena: true,
      enableMemPattern: false,
    });
    for (const tilePx of tilesPx) figures.push(await compareBatches(session, model, tilePx));
    await session.release();
  }
  return report("batch-tiles", figures);
}

async function compareBatches(session: InferenceSession, model: string, tilePx: number): Promise<Figure> {
  const feeds = batches.map((batch) => {
    const samples = Float32Array.from({ length: batch * 3 * tilePx ** 2 }, (_, at) => ((at * 7919) % 255) / 255);
    return new Tensor("float32", samples, [batch, 3, tilePx, tilePx]);
  });
  const msOf = async (feed: Tensor) => {
    const startMs = performance.now();
    await session.run({ [session.inputNames[0] as string]: feed });
    return (performance.now() - startMs) / (feed.dims[0] as number);
  };
  for (const feed of feeds) await msOf(feed);
  const perTileMs = batches.map(() => [] as number[]);
  // Small tiles are over so soon that one run says little.
  const repeats = Math.max(1, Math.round(256 / tilePx));
  for (let round = 0; round < rounds * repeats; round++)
    for (const [at, feed] of feeds.entries()) perTileMs[at]?.push(await msOf(feed));
  const [alone = [], ...others] = perTileMs;
  const inBatch = Math.min(...others.map(median));
  return {
    name: `${model}, tiles of ${tilePx} px: alone / in the best batch, time a tile`,
    value: Number((median(alone) / inBatch).toFixed(3)),
    unit: "×",
    bound: 1.1,
    details: {
      ...{ rounds: rounds * repeats, threads: availableParallelism(), load: loadavg()[0] },
      perTileMs: Object.fromEntries(batches.map((batch, at) => [batch, spread(perTileMs[at] as number[], 2)])),
    },
  };
}
