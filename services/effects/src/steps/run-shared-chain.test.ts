import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { createFrameStore, type FrameStore, memoryFrameStore, toWholeFrame } from "@pixelmesh/imaging";
import type { DerivedPicture, MakePicture, RasterContext, SharedBeginnings } from "@pixelmesh/worker";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPicture, toEffect } from "../../test/pictures.ts";
import { parseEffects } from "../domain/catalogue/catalogue.ts";
import { applyChain } from "../domain/chain.ts";
import { type ChainThreads, createChainThreads } from "../threads/chain-threads.ts";
import { createChainRunner } from "./chain-runner.ts";
import { runSharedChain } from "./run-shared-chain.ts";

let dir: string;
let files: FrameStore;
let threads: ChainThreads;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "shared-chain-"));
  files = createFrameStore(async () => dir, Number.POSITIVE_INFINITY);
  threads = createChainThreads(2);
});
afterAll(async () => {
  await threads.close();
  await files.close();
  await rm(dir, { recursive: true });
});

const picture = createPicture(800, 640, 3);
const chains = ["dither", "sepia", "halftone", "invert", "posterize"].map((last) => ["denoise", "clarity", last]);

/** The beginnings of one job, of which each is made once; `made` tells which. */
function openBeginnings(floatStore: FrameStore = files) {
  const made: number[] = [];
  const all = new Map<number, Promise<DerivedPicture>>();
  const open = (counts: readonly number[], steps: number): SharedBeginnings => ({
    counts,
    users: () => steps,
    has: (count) => all.has(count),
    get(count: number, make: MakePicture) {
      const found = all.get(count);
      if (found) return found;
      const making = make(floatStore).then((picture) => {
        made.push(count);
        return picture;
      });
      all.set(count, making);
      return making;
    },
  });
  return { made, open };
}

function toContext(beginnings: SharedBeginnings | undefined, changes: Partial<RasterContext> = {}): RasterContext {
  return {
    signal: new AbortController().signal,
    onProgress() {},
    retryAfterOutOfMemory: (error) => Promise.reject(error),
    nextSlot: () => Promise.reject(new Error("no other slot")),
    option: { tilePx: 0, batch: 1, peakBytes: 0, computeTokens: 1 },
    slotId: "s",
    deviceId: "d",
    onRenewed() {},
    frameStore: memoryFrameStore,
    beginnings,
    ...changes,
  };
}
const parsed = (names: readonly string[]) => parseEffects(names.map((name) => toEffect(name)));
const pixelsOf = async (names: readonly string[]) => (await applyChain(picture, parsed(names))).data;

/** Runs the chains at once, each as a step of one job. */
async function runAll(
  list: readonly (readonly string[])[],
  open: (at: number) => SharedBeginnings | undefined,
  { threadPixels = 2 ** 40, ...changes }: { threadPixels?: number } & Partial<RasterContext> = {},
) {
  const runner = createChainRunner(threads, { threadPixels, lanes: 2 });
  const runs = list.map((names, at) =>
    runSharedChain(runner, { picture, pictures: [], effects: parsed(names) }, toContext(open(at), changes)),
  );
  return Promise.all(runs.map(async (run) => (await toWholeFrame(await run)).data));
}

test.each([
  ["in the event loop", 2 ** 40],
  ["in threads", 0],
])("steps compute a heavy beginning once, %s, and get the pixels of their whole chains", async (_, threadPixels) => {
  const { made, open } = openBeginnings();
  const progress: number[] = [];
  const onProgress = (fraction: number) => progress.push(fraction);
  const results = await runAll(chains, () => open([2], chains.length), { threadPixels, onProgress });
  expect(made).toEqual([2]);
  for (const [at, names] of chains.entries())
    expect(Buffer.compare(results[at] as Uint8Array, await pixelsOf(names))).toBe(0);
  expect(Math.max(...progress)).toBeLessThanOrEqual(1);
});

test("a beginning builds on a shorter one, and a chain may end with it", async () => {
  const { made, open } = openBeginnings();
  const list = [["denoise", "clarity", "dither"], ["denoise", "clarity"], ["denoise", "sepia"], ["denoise"]];
  const counts = [[1, 2], [1, 2], [1], [1]];
  const results = await runAll(list, (at) => open(counts[at] as number[], 4));
  expect(made).toEqual([1, 2]);
  for (const [at, names] of list.entries())
    expect(Buffer.compare(results[at] as Uint8Array, await pixelsOf(names))).toBe(0);
});

test("a step takes the longest beginning that is there and makes no shorter one", async () => {
  const { made, open } = openBeginnings();
  await runAll([chains[0] as string[]], () => open([2], 4));
  expect(made).toEqual([2]);
  const [result] = await runAll([chains[1] as string[]], () => open([1, 2], 4));
  expect(made).toEqual([2]);
  expect(Buffer.compare(result as Uint8Array, await pixelsOf(chains[1] as string[]))).toBe(0);
});

test("light beginnings, and heavy ones of a step alone, are not kept", async () => {
  const { made, open } = openBeginnings();
  await runAll([["invert", "denoise"]], () => open([1], 8));
  await runAll([["denoise", "invert"]], () => open([1], 1));
  expect(made).toEqual([]);
});

test("a step whose disk has no space for the floats computes its chain alone", async () => {
  const full: FrameStore = { ...files, newPath: () => Promise.reject(new AppError("STORAGE_FULL", "no space")) };
  const { made, open } = openBeginnings(full);
  const [result] = await runAll([chains[0] as string[]], () => open([2], 4));
  expect(made).toEqual([]);
  expect(Buffer.compare(result as Uint8Array, await pixelsOf(chains[0] as string[]))).toBe(0);
});

test("another failure of the beginning is the failure of the step", async () => {
  const broken: FrameStore = { ...files, newPath: () => Promise.reject(new AppError("INTERNAL", "broken")) };
  await expect(runAll([chains[0] as string[]], () => openBeginnings(broken).open([2], 4))).rejects.toThrow("broken");
});
