import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrame, createFrameStore, type Frame, memoryFrameStore, toWholeFrame } from "@pixelmesh/imaging";
import { describe, expect, onTestFinished, test } from "vitest";
import { createPicture, toEffect } from "../../../test/pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import type { ParsedEffect } from "../catalogue/define-effect.ts";
import { applyChain, applyChainTo } from "../chain.ts";
import { chainNeed } from "../chain-need.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import { type CreateStage, rowBytes } from "../rows/rows.ts";
import { type EffectWork, rowWork, wholePicture } from "./prepared-effect.ts";

const toParsed = (name: string, work: EffectWork): ParsedEffect => {
  const parsed: ParsedEffect = { name, revision: 1, resolved: { name, parameters: {} }, work, atScale: () => parsed };
  return parsed;
};

/** Turns a picture upside down: reads its rows from the last one on. */
const flip = toParsed("flip", {
  ...rowWork(() => {
    throw new Error("Expected the effect to be prepared");
  }),
  needsPicture: true,
  memory: () => ({ workBytes: 0, pictureBytes: [] }),
  prepare(context) {
    const picture = wholePicture(context);
    const { heightPx } = picture.shape;
    return {
      picture: {
        ...picture,
        async readRows(top, count) {
          const rows: Uint8Array[] = [];
          for (let y = top; y < top + count; y++) rows.push((await picture.readRows(heightPx - 1 - y, 1)).slice());
          return Buffer.concat(rows);
        },
      },
    };
  },
});

const scaleBy = (factor: number) =>
  toParsed(
    `times ${factor}`,
    rowWork((context, target) => {
      const { space, shape } = context;
      const floatsOf = (row: number) => {
        const bytes = space.bytes(row, rowBytes(shape, "floats"));
        return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
      };
      const scale = onFloats(context, (row, to) => floatsOf(to).set(floatsOf(row).map((value) => value * factor)));
      return mapRows(context, scale, target);
    }),
  );

/** Adds `rows` black opaque rows and `columns` black opaque columns, at the bottom and at the right. */
const extend = (columns: number, rows: number) => {
  const createStage: CreateStage = ({ space, shape, from, to }, target) => {
    if (from !== "floats" || to !== "floats") throw new Error("Expected the effect between others");
    const bytes = rowBytes(shape, "floats");
    const wideBytes = bytes + columns * shape.channels * 4;
    let missing = 0;
    const emit = (row: Uint8Array) => {
      const place = target.place();
      const out = space.bytes(place, wideBytes).fill(0);
      out.set(row);
      target.emit(place);
    };
    return {
      push: (row) => emit(space.bytes(row, bytes)),
      more() {
        if (missing === 0) return false;
        missing -= 1;
        emit(new Uint8Array());
        return true;
      },
      end() {
        missing = rows;
      },
    };
  };
  const grow = (shape: { widthPx: number; heightPx: number; channels: 3 | 4 }) => ({
    ...shape,
    widthPx: shape.widthPx + columns,
    heightPx: shape.heightPx + rows,
  });
  return toParsed("extend", {
    ...rowWork(createStage),
    resultShape: grow,
    prepare: ({ shape }) => ({ createStage, shape: grow(shape) }),
  });
};

const flipped = ({ widthPx, heightPx, channels, data }: Frame): Frame => {
  const rows = Array.from({ length: heightPx }, (_, y) =>
    data.subarray(y * widthPx * channels, (y + 1) * widthPx * channels),
  );
  return createFrame(widthPx, heightPx, channels, Buffer.concat(rows.reverse()));
};
const same = (one: Frame, other: Frame) =>
  one.widthPx === other.widthPx && one.heightPx === other.heightPx && Buffer.compare(one.data, other.data) === 0;

describe.each([3, 4] as const)("a picture of %i channels", (channels) => {
  const picture = createPicture(67, 53, channels);

  test.each([undefined, 1, 7])(
    "is read in another order at each place of a chain, in strips of %s rows",
    async (stripRows) => {
      const [first, second] = parseEffects([toEffect("sepia"), toEffect("invert")]) as [ParsedEffect, ParsedEffect];
      const options = { stripRows };
      const wanted = flipped(await applyChain(picture, [first, second]));
      for (const chain of [
        [flip, first, second],
        [first, flip, second],
        [first, second, flip],
      ])
        expect(same(await applyChain(picture, chain, options), wanted)).toBe(true);
      expect(
        same(
          await applyChain(picture, [flip, first, flip, second], options),
          await applyChain(picture, [first, second]),
        ),
      ).toBe(true);
    },
  );

  test("keeps its floats where the whole picture is needed", async () => {
    // A byte between the effects would keep 3 of 256 levels.
    const result = await applyChain(picture, [scaleBy(0.01), flip, scaleBy(100)]);
    expect(same(result, flipped(picture))).toBe(true);
  });

  test("can change its size within a chain", async () => {
    const [invert] = parseEffects([toEffect("invert")]) as [ParsedEffect];
    const { widthPx, heightPx, data } = await applyChain(picture, [invert, extend(5, 9), flip, invert]);
    expect([widthPx, heightPx]).toEqual([72, 62]);
    // What was added is black, so inverted white (alpha 0 is left alone), and on top.
    expect([...data.subarray(0, 3)]).toEqual([255, 255, 255]);
    const row = (y: number) => [...data.subarray(y * 72 * channels, y * 72 * channels + 67 * channels)];
    expect(row(9)).toEqual([...picture.data.subarray(52 * 67 * channels)]);
    expect(row(61)).toEqual([...picture.data.subarray(0, 67 * channels)]);
  });
});

test.each([1, 2] as const)("a grey picture of %i channels is spread before an effect reads it", async (channels) => {
  const grey = createPicture(31, 17, channels);
  expect(same(await applyChain(grey, [flip]), flipped(await applyChain(grey, [])))).toBe(true);
});

test("large pictures lie in files, which are removed, also after an abort", async () => {
  const dir = await mkdtemp(join(tmpdir(), "chain-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const picture = createPicture(120, 90, 4);
  const chain = [scaleBy(0.5), flip, scaleBy(2), flip];
  const frameStore = createFrameStore(async () => dir, 0);
  const result = await toWholeFrame(await applyChainTo(picture, chain, frameStore));
  expect(same(result, picture)).toBe(true);
  const [own] = await readdir(dir);
  // Two pictures of floats, and the result.
  expect(await readdir(join(dir, own ?? ""))).toHaveLength(3);
  const stop = new AbortController();
  const aborted = applyChainTo(picture, chain, frameStore, {
    signal: stop.signal,
    onProgress: (fraction) => fraction > 0.5 && stop.abort(new Error("stop")),
  });
  await expect(aborted).rejects.toThrow("stop");
  await frameStore.close();
  expect(await readdir(dir)).toEqual([]);
});

test("a chain states the shapes and the pictures that it makes", () => {
  const need = chainNeed([flip, scaleBy(1), extend(10, 20), flip], { widthPx: 100, heightPx: 50, channels: 3 });
  expect(need.shapes.map(({ widthPx, heightPx }) => [widthPx, heightPx])).toEqual([
    [100, 50],
    [100, 50],
    [110, 70],
    [110, 70],
  ]);
  // Before the second flip: floats of 110 × 70 pixels of three channels. The first reads the picture itself.
  expect(need.pictureBytes).toEqual([110 * 70 * 3 * 4]);
});

test("progress grows over all parts of a chain and ends at 1", async () => {
  const seen: number[] = [];
  await applyChain(createPicture(300, 900, 3), [scaleBy(1), flip, flip], {
    onProgress: (fraction) => seen.push(fraction),
  });
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  expect(seen.at(-1)).toBe(1);
  expect(seen.filter((fraction) => fraction < 1 / 3).length).toBeGreaterThan(0);
});

test("a chain without a frame store keeps pictures in memory", async () => {
  const result = await applyChainTo(createPicture(9, 9, 3), [scaleBy(1), flip], memoryFrameStore);
  expect(result).toHaveProperty("data");
});
