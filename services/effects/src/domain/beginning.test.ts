import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameStore, type Frame, type FrameStore, isFrameFile, toWholeFrame } from "@pixelmesh/imaging";
import type { Effect } from "@pixelmesh/proto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createPicture, toEffect } from "../../test/pictures.ts";
import { effectDescriptions, maxEffects, parseEffects } from "./catalogue/catalogue.ts";
import { applyBeginning, applyChain, applyChainTo, type ChainPicture } from "./chain.ts";

let dir: string;
let files: FrameStore;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "beginning-"));
  files = createFrameStore(async () => dir, 0);
});
afterAll(async () => {
  await files.close();
  await rm(dir, { recursive: true });
});

const all = effectDescriptions().map(({ name }) => toEffect(name));

/** Applies the chain in parts that end after so many effects, with floats in files between them. */
async function inParts(picture: Frame, chain: readonly Effect[], counts: readonly number[]): Promise<Frame> {
  const parsed = parseEffects(chain);
  let start: ChainPicture = picture;
  let done = 0;
  for (const count of counts) {
    start = await applyBeginning(start, parsed.slice(done, count), files);
    expect(isFrameFile(start.raster)).toBe(true);
    done = count;
  }
  return toWholeFrame(await applyChainTo(start, parsed.slice(done), files));
}

test.each([1, 3, 4] as const)(
  "a chain in parts is bit-identical to the whole one: each effect first and second, on %i channels",
  async (channels) => {
    const picture = createPicture(97, 61, channels);
    for (const [at, effect] of all.entries()) {
      const chain = [effect, all[(at + 7) % all.length] as Effect];
      const whole = await applyChain(picture, parseEffects(chain));
      expect(await inParts(picture, chain, [1]), `${chain.map(({ name }) => name)}`).toEqual(whole);
      expect(await inParts(picture, chain, [2]), `all of ${chain.map(({ name }) => name)}`).toEqual(whole);
    }
  },
);

test("an effect alone is bit-identical if its floats are kept and rounded later", async () => {
  const picture = createPicture(97, 61, 4);
  for (const effect of all) {
    const whole = await applyChain(picture, parseEffects([effect]));
    expect(await inParts(picture, [effect], [1]), effect.name).toEqual(whole);
  }
});

test("beginnings build on each other: a long chain is bit-identical in any parts", async () => {
  const picture = createPicture(120, 80, 3);
  const chain = all.slice(0, maxEffects);
  const whole = await applyChain(picture, parseEffects(chain));
  for (const counts of [[1, 2, 3], [5], [3, 9, 16], chain.map((_, at) => at + 1)])
    expect(await inParts(picture, chain, counts), `${counts}`).toEqual(whole);
});

test("a beginning reports its progress and ends with the reason of an abort", async () => {
  const picture = createPicture(600, 400, 3);
  const seen: number[] = [];
  const chain = parseEffects([toEffect("blur"), toEffect("dither")]);
  await applyBeginning(picture, chain, files, { onProgress: (fraction) => seen.push(fraction) });
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  expect(seen.at(-1)).toBe(1);
  const reason = new Error("no longer wanted");
  await expect(applyBeginning(picture, chain, files, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
