import type { Channels, Frame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { anyValues, settingsToTry } from "../../../test/effect-settings.ts";
import { createFlat, createPicture, toEffect } from "../../../test/pictures.ts";
import { composition, wantedShape } from "../../../test/result-shape.ts";
import { watchFloats } from "../../../test/watched-floats.ts";
import { applyChain } from "../chain.ts";
import { hash32 } from "../draw/noise.ts";
import { effectDescriptions, parseEffect, parseEffects } from "./catalogue.ts";
import type { ParsedEffect } from "./define-effect.ts";

/** Returns a picture of four channels with alpha 0 in its right third and in scattered pixels. `seed` changes the colours there. */
function createHoles(widthPx: number, heightPx: number, seed: number): Frame {
  const picture = createPicture(widthPx, heightPx, 4);
  for (let i = 0; i < widthPx * heightPx; i++) {
    if (i % widthPx < (widthPx * 2) / 3 && hash32(i) % 5 > 1) continue;
    for (let c = 0; c < 3; c++) picture.data[i * 4 + c] = hash32(i * 3 + c + seed * 1_000_003) % 256;
    picture.data[i * 4 + 3] = 0;
  }
  return picture;
}

/** Returns a picture in which one pixel of forty has the least alpha. All others are invisible, and black or white. */
function createFaint(widthPx: number, heightPx: number, hidden: number): Frame {
  const picture = createPicture(widthPx, heightPx, 4);
  for (let i = 0; i < widthPx * heightPx; i++) {
    const isVisible = hash32(i) % 40 === 0;
    if (!isVisible) picture.data.fill(hidden, i * 4, i * 4 + 3);
    picture.data[i * 4 + 3] = isVisible ? 1 : 0;
  }
  return picture;
}

/** Returns the samples of a picture of four channels, with black for all invisible pixels. */
function visibleOf({ data }: Frame): Buffer {
  const copy = Buffer.from(data);
  for (let i = 0; i < copy.length; i += 4) if (copy[i + 3] === 0) copy.fill(0, i, i + 3);
  return copy;
}

/** Returns a drawn picture with one alpha. */
function createEven(alpha: number): Frame {
  const picture = createPicture(19, 13, 4);
  for (let i = 3; i < picture.data.length; i += 4) picture.data[i] = alpha;
  return picture;
}

const contents = [1, 2, 3, 4].flatMap((channels) =>
  [0, 255].map((value) =>
    createFlat(
      19,
      13,
      Array.from({ length: channels }, () => value),
    ),
  ),
);
const sizes = [
  [1, 1],
  [1, 29],
  [29, 1],
] as const;
const pictures: readonly Frame[] = [
  ...contents,
  createEven(0),
  createEven(255),
  createHoles(23, 17, 0),
  ...sizes.map(([width, height]) => createPicture(width, height, 4)),
];
const drawn = ([1, 2, 3, 4] satisfies Channels[]).map((channels) => createPicture(31, 22, channels));

// Pairs that differ in the colours of invisible pixels only.
const pairs = [
  [createHoles(45, 34, 1), createHoles(45, 34, 2)],
  [createFaint(47, 35, 0), createFaint(47, 35, 255)],
] as const;

const composed = new Set(
  effectDescriptions()
    .filter(({ group }) => group === composition)
    .map(({ name }) => name),
);

const alphasOf = ({ channels, data }: Frame) => data.filter((_, i) => i % channels === channels - 1);

/**
 * Applies a chain. Checks the floats that it ends with, the shape of its result, and its alpha if no effect of composition changes it. Returns the
 * result.
 */
async function applyChecked(picture: Frame, chain: readonly ParsedEffect[], label: string): Promise<Frame> {
  const { effect, samples } = watchFloats();
  const rounded = await applyChain(picture, [...chain, effect]);
  const wrong = samples.findIndex((sample) => !(sample >= 0 && sample <= 1));
  if (wrong >= 0) throw new Error(`Expected samples from 0 to 1, got ${samples[wrong]} at ${wrong}: ${label}`);
  const result = await applyChain(picture, chain);
  const { widthPx, heightPx, channels, data } = result;
  const { shape, isExact } = wantedShape(chain, picture);
  expect(data.length, label).toBe(widthPx * heightPx * channels);
  expect(channels, label).toBe(shape.channels);
  if (isExact) expect([widthPx, heightPx], label).toEqual([shape.widthPx, shape.heightPx]);
  expect(widthPx, label).toBeLessThanOrEqual(shape.widthPx);
  expect(heightPx, label).toBeLessThanOrEqual(shape.heightPx);
  if (!chain.some(({ name }) => composed.has(name))) {
    expect([widthPx, heightPx], label).toEqual([picture.widthPx, picture.heightPx]);
    expect(channels, label).toBe(picture.channels % 2 === 0 ? 4 : 3);
    if (channels === 4) expect(Buffer.compare(alphasOf(result), alphasOf(picture)), label).toBe(0);
  }
  // The last effect of a chain writes bytes, another one floats.
  expect(Buffer.compare(result.data, rounded.data), label).toBe(0);
  return result;
}

describe.each(effectDescriptions())("$name", (effect) => {
  const { name } = effect;
  const chains = settingsToTry(effect).map((parameters) => ({
    chain: [parseEffect({ name, parameters })],
    label: JSON.stringify(parameters),
  }));
  const byDefault = [parseEffect({ name, parameters: {} })];

  test("gives samples from 0 to 1 of the shape that it states, and is the same as floats, for plain pictures", async () => {
    for (const picture of [...pictures, ...drawn]) {
      const { widthPx, heightPx, channels } = picture;
      await applyChecked(picture, byDefault, `${widthPx}x${heightPx}x${channels}`);
    }
  });

  test("does the same at every setting", async () => {
    const holes = createHoles(23, 17, 0);
    for (const { chain, label } of chains) await applyChecked(holes, chain, label);
  });

  test("does the same with lengths of a picture that was shrunk for a preview", async () => {
    const holes = createHoles(23, 17, 0);
    for (const factor of [0.02, 0.37]) {
      for (const { chain, label } of chains) {
        const shrunk = chain.map((parsed) => parsed.atScale(factor));
        await applyChecked(holes, shrunk, `${label} at ${factor}`);
      }
    }
  });

  test("does the same with a size of one pixel, and of one row and column, at every setting", async () => {
    for (const [width, height] of sizes) {
      const picture = createPicture(width, height, 4);
      for (const { chain, label } of chains) await applyChecked(picture, chain, `${width}x${height} ${label}`);
    }
  });

  test("takes no colour from invisible pixels", async () => {
    const inverted = parseEffect(toEffect("invert"));
    for (const [one, other] of pairs) {
      for (const { chain, label } of chains) {
        for (const whole of [chain, [inverted, ...chain]]) {
          const results = await Promise.all(
            [one, other].map(async (frame) => visibleOf(await applyChain(frame, whole))),
          );
          expect(Buffer.compare(...(results as [Buffer, Buffer])), `${whole.length} ${label}`).toBe(0);
        }
      }
    }
  });
});

test("any settings in range give samples from 0 to 1 of the stated shape", async () => {
  const one = fc
    .constantFrom(...effectDescriptions())
    .chain((effect) => fc.record({ name: fc.constant(effect.name), parameters: anyValues(effect) }));
  const whole = fc.tuple(
    fc.array(one, { minLength: 1, maxLength: 3 }),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 30 }),
  );
  await fc.assert(
    fc.asyncProperty(whole, fc.double({ min: 0.01, max: 1, noNaN: true }), async ([effects, width, height], factor) => {
      const chain = parseEffects(effects).map((parsed) => parsed.atScale(factor));
      await applyChecked(createHoles(width, height, 0), chain, JSON.stringify({ effects, width, height, factor }));
    }),
    { numRuns: 150 },
  );
});
