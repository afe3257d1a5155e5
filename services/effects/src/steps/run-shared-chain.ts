import { AppError } from "@pixelmesh/errors";
import type { FrameStore, Raster } from "@pixelmesh/imaging";
import type { RasterContext, SharedBeginnings } from "@pixelmesh/worker";
import { type ChainPicture, shapeOf } from "../domain/chain.ts";
import { chainShape } from "../domain/picture/picture-rows.ts";
import { type Beginning, isWorthSharing } from "../domain/sharing-cost.ts";
import type { ChainWork } from "../threads/run-in-thread.ts";
import type { ChainRunner } from "./chain-runner.ts";

/** Where a chain goes on: the picture after its first `done` effects. */
type ChainStart = { readonly picture: ChainPicture; readonly done: number };

/**
 * Applies a chain. Beginnings that other steps of the job have too are computed once for all of them where that costs less than to repeat them
 * (docs/adr/0096). The result is the same.
 */
export async function runSharedChain(runner: ChainRunner, work: ChainWork, context: RasterContext): Promise<Raster> {
  const { beginnings } = context;
  const start = beginnings
    ? await takeBeginnings(runner, work, { ...context, beginnings })
    : { picture: work.picture, done: 0 };
  return runner.run(partOf(work, start, work.effects.length), partContext(context, work, start, work.effects.length));
}

type SharingContext = RasterContext & { readonly beginnings: SharedBeginnings };

/** Takes or makes each beginning that is worth it. A shorter one than the longest that is there would be of no use. */
async function takeBeginnings(runner: ChainRunner, work: ChainWork, context: SharingContext): Promise<ChainStart> {
  const { beginnings } = context;
  const longest = beginnings.counts.findLast((count) => beginnings.has(count)) ?? 0;
  let start: ChainStart = { picture: work.picture, done: 0 };
  for (const count of beginnings.counts.filter((each) => each >= longest)) {
    if (!beginnings.has(count) && !isWorthSharing(beginningOf(runner, work, start, count, beginnings))) continue;
    const taken = await takeBeginning(runner, work, context, start, count);
    if (taken === undefined) return start;
    start = taken;
  }
  return start;
}

/** Takes or makes one beginning. Resolves to undefined if its file has no space: a step that computes its chain alone may need no file. */
async function takeBeginning(
  runner: ChainRunner,
  work: ChainWork,
  context: SharingContext,
  start: ChainStart,
  count: number,
): Promise<ChainStart | undefined> {
  const make = (floatStore: FrameStore) =>
    runner.runBeginning(partOf(work, start, count), floatStore, partContext(context, work, start, count));
  try {
    const { shape, raster } = await context.beginnings.get(count, make, context.signal);
    return { picture: { shape: chainShape(shape), raster }, done: count };
  } catch (error) {
    if (error instanceof AppError && error.reason === "STORAGE_FULL") return undefined;
    throw error;
  }
}

function beginningOf(
  { lanes }: ChainRunner,
  { effects }: ChainWork,
  { picture, done }: ChainStart,
  count: number,
  beginnings: SharedBeginnings,
): Beginning {
  const { widthPx, heightPx } = shapeOf(picture);
  const names = effects.slice(done, count).map(({ name }) => name);
  return { names, megapixels: (widthPx * heightPx) / 1e6, steps: beginnings.users(count), lanes };
}

/** The effects from where the chain has come up to `end`. */
function partOf({ effects, pictures }: ChainWork, { picture, done }: ChainStart, end: number): ChainWork {
  return { picture, pictures, effects: effects.slice(done, end) };
}

/** The context of a part: its progress is that of its effects among all. */
function partContext(context: RasterContext, { effects }: ChainWork, { done }: ChainStart, end: number): RasterContext {
  const onProgress = (fraction: number) => context.onProgress((done + fraction * (end - done)) / effects.length);
  return { ...context, onProgress };
}
