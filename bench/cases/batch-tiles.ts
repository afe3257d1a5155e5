import { availableParallelism, loadavg } from "node:os";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { findModel } from "../harness/compare-with-baseline.ts";
import { type Figure, report } from "../harness/report.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 9);
const batches = [1, 2, 4];
const models = ["pixelmesh-sr-x4", "pixelmesh-sr-x2"];
const tilesPx = [64, 128, 256];

/**
 * Measures whether batches of equal tiles pay on the CPU provider: processor time per tile for batches of 1, 2 and 4, in alternating order.
 * Sessions equal those of the inference host, but their threads spin while they wait, so that processor time shows what the wall clock
 * of an idle machine would. Above the limit reconsider docs/adr/0041.
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
  const runOf = async (feed: Tensor) => {
    const startMs = performance.now();
    const before = process.cpuUsage();
    // Always four tiles: the first run after a change of shape is slower, which must not dominate.
    const tiles = Math.max(...batches);
    for (let left = tiles; left > 0; left -= feed.dims[0] as number)
      await session.run({ [session.inputNames[0] as string]: feed });
    const { user, system } = process.cpuUsage(before);
    return { ms: (performance.now() - startMs) / tiles, cpuMs: (user + system) / 1_000 / tiles };
  };
  for (const feed of feeds) await runOf(feed);
  const runs = batches.map(() => [] as { ms: number; cpuMs: number }[]);
  // Small tiles are so fast that one run is not significant.
  const repeats = Math.max(1, Math.round(256 / tilePx));
  for (let round = 0; round < rounds * repeats; round++)
    for (const [at, feed] of round % 2 === 0 ? [...feeds.entries()] : [...feeds.entries()].toReversed())
      runs[at]?.push(await runOf(feed));
  const [alone = 0, ...others] = runs.map((each) => median(each.map(({ cpuMs }) => cpuMs)));
  return {
    name: `${model}, tiles of ${tilePx} px: alone / in the best batch, processor time per tile`,
    value: Number((alone / Math.min(...others)).toFixed(3)),
    unit: "×",
    bound: 1.25,
    details: {
      rounds: rounds * repeats,
      threads: availableParallelism(),
      load: loadavg()[0],
      ofBatch: Object.fromEntries(
        batches.map((batch, at) => [
          batch,
          {
            cpuMsPerTile: spread(runs[at]?.map(({ cpuMs }) => cpuMs) ?? [], 2),
            msPerTile: spread(runs[at]?.map(({ ms }) => ms) ?? [], 2),
          },
        ]),
      ),
    },
  };
}
