import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  createFrame,
  createFrameStore,
  createRasterSink,
  type Frame,
  type FrameStore,
  memoryFrameStore,
  type Raster,
  toWholeFrame,
} from "@pixelmesh/imaging";
import { CutOutResult, ExistingAlpha, Refinement, type RemoveBackgroundOperation } from "@pixelmesh/proto";
import sharp from "sharp";
import { afterAll, describe, expect, onTestFinished, test } from "vitest";
import { createPicture, textured } from "../../test/pictures.ts";
import { toCutOutOptions } from "../domain/cut-out/cut-out-options.ts";
import type { Size } from "../domain/planes/plane.ts";
import { createPictureWork } from "../threads/picture-work.ts";
import { runCutOut } from "./cut-out-run.ts";

const modelSidePx = 32;
const work = createPictureWork({ threads: 1 });
afterAll(work.close);

type Shape = (x: number, y: number) => number;
/** A disc in the middle of what the model sees. */
const disc: Shape = (x, y) => (Math.hypot(x - 15.5, y - 15.5) < 9 ? 0.95 : 0.02);
/** A model that finds a shape in a square of 32. */
const modelOf = (shape: Shape) => async () =>
  Float32Array.from({ length: modelSidePx ** 2 }, (_, i) => shape(i % modelSidePx, Math.floor(i / modelSidePx)));

/** The same shape at another size of the model. */
function valuesAt({ widthPx, heightPx }: Size, shape: Shape): Float32Array {
  return Float32Array.from({ length: widthPx * heightPx }, (_, i) =>
    shape(
      (((i % widthPx) + 0.5) / widthPx) * modelSidePx - 0.5,
      ((Math.floor(i / widthPx) + 0.5) / heightPx) * modelSidePx - 0.5,
    ),
  );
}

async function cutOut(
  picture: Raster,
  settings: Partial<RemoveBackgroundOperation> = {},
  { shape = disc, frameStore = memoryFrameStore as FrameStore, keepsShape = false } = {},
): Promise<{ frame: Frame; notices: string[]; runs: number }> {
  let runs = 0;
  const { frame, notices } = await runCutOut(picture, toCutOutOptions(settings), {
    work,
    async findMatte(prepare) {
      const infer = () => {
        runs += 1;
        return modelOf(shape)();
      };
      const square = { widthPx: modelSidePx, heightPx: modelSidePx };
      const third = ({ widthPx, heightPx }: Size) => ({ widthPx: widthPx / 3, heightPx: heightPx / 3 });
      const inferAt = (size: Size) => (keepsShape ? async () => valuesAt(size, shape) : infer);
      const model = { sizeFor: keepsShape ? third : () => square, stretch: true, inferAt };
      return { prepared: await prepare(model), notices: [] };
    },
    frameStore,
    signal: new AbortController().signal,
    onProgress() {},
  });
  return { frame: await toWholeFrame(frame), notices: notices.map(({ kind }) => kind), runs };
}

const [object, background] = [textured(1), textured(2)];
/** A disc on another texture. `alpha` is the picture's own. */
function createScene(widthPx: number, heightPx: number, alpha?: (x: number, y: number) => number): Frame {
  return createPicture({ widthPx, heightPx }, alpha ? 4 : 3, (x, y, c) => {
    if (c === 3) return alpha?.(x, y) ?? 255;
    const isInside = Math.hypot((x + 0.5) / widthPx - 0.5, (y + 0.5) / heightPx - 0.5) < 9 / 32;
    return (isInside ? object : background)(x, y, c);
  });
}

const alphaOf = ({ data }: Frame) => data.filter((_, i) => i % 4 === 3);
const isSame = (one: Frame, other: Frame) =>
  one.widthPx === other.widthPx && one.heightPx === other.heightPx && Buffer.compare(one.data, other.data) === 0;

describe("a picture that has alpha", () => {
  // A tenth of it is transparent.
  const cut = createScene(120, 80, (x) => (x < 12 ? 0 : 255));
  // A single transparent pixel: no cut-out, but not opaque.
  const nearly = createScene(120, 80, (x, y) => (x === 60 && y === 40 ? 0 : 255));

  test("is kept where it is a cut-out already, and the model does not run", async () => {
    expect(await cutOut(cut)).toEqual({ frame: cut, notices: ["already_cut_out"], runs: 0 });
    expect(await cutOut(cut, { existingAlpha: ExistingAlpha.KEEP })).toMatchObject({ frame: cut, runs: 0 });
    expect(await cutOut(nearly, { existingAlpha: ExistingAlpha.KEEP })).toMatchObject({ frame: nearly, runs: 0 });
  });

  test("is cut out where little of it is transparent", async () => {
    const { frame, notices, runs } = await cutOut(nearly);
    expect([notices, runs]).toEqual([[], 1]);
    expect(frame.data[3]).toBe(0);
    expect(frame.data[(40 * 120 + 60) * 4 + 3]).toBe(0);
    expect(frame.data[(40 * 120 + 62) * 4 + 3]).toBe(255);
  });

  test("has its alpha multiplied or ignored", async () => {
    const multiplied = alphaOf((await cutOut(cut, { existingAlpha: ExistingAlpha.MULTIPLY })).frame);
    const replaced = alphaOf((await cutOut(cut, { existingAlpha: ExistingAlpha.REPLACE })).frame);
    const opaque = createScene(120, 80);
    expect(Buffer.compare(replaced, alphaOf((await cutOut(opaque)).frame))).toBe(0);
    for (let i = 0; i < multiplied.length; i++) if (i % 120 < 12) expect(multiplied[i]).toBe(0);
    // The middle is opaque in both.
    expect([multiplied[40 * 120 + 60], replaced[40 * 120 + 60]]).toEqual([255, 255]);
  });

  test("of one grey channel becomes RGBA", async () => {
    const grey = createPicture({ widthPx: 40, heightPx: 30 }, 2, (x, y, c) => (c === 1 ? (x < 20 ? 0 : 200) : x + y));
    const { frame, notices } = await cutOut(grey);
    expect(notices).toEqual(["already_cut_out"]);
    for (const [x, y] of [
      [3, 4],
      [39, 29],
    ] as const) {
      const pixel = [...frame.data.subarray((y * 40 + x) * 4, (y * 40 + x) * 4 + 4)];
      expect(pixel).toEqual([x + y, x + y, x + y, x < 20 ? 0 : 200]);
    }
  });
});

test.each([
  ["no object", 0.1, 0, "no_object"],
  ["no background", 0.9, 255, "all_object"],
] as const)("a model that finds %s gives even alpha and a notice", async (_, value, alpha, kind) => {
  const result = await cutOut(createScene(90, 60), {}, { shape: () => value });
  expect(result.notices).toEqual([kind]);
  expect(alphaOf(result.frame).every((value) => value === alpha)).toBe(true);
});

test("only the region is cut out, by a model that sees only it, and it keeps its place", async () => {
  const inner = createScene(100, 70);
  const canvas = createPicture({ widthPx: 160, heightPx: 120 }, 3, () => 77);
  for (let y = 0; y < 70; y++) {
    canvas.data.set(inner.data.subarray(y * 300, (y + 1) * 300), ((y + 20) * 160 + 35) * 3);
  }
  const { frame: alone } = await cutOut(inner);
  const region = { leftPx: 35, topPx: 20, widthPx: 100, heightPx: 70 };
  const { frame } = await cutOut(canvas, { region });
  const raw = { raw: { width: 100, height: 70, channels: 4 } } as const;
  const wanted = await sharp(alone.data, raw)
    .extend({ left: 35, top: 20, right: 25, bottom: 30, background: { r: 0, g: 0, b: 0, alpha: 0 } })
    .raw()
    .toBuffer();
  expect([frame.widthPx, frame.heightPx]).toEqual([160, 120]);
  expect(Buffer.compare(frame.data, wanted)).toBe(0);
  // Clipped to the picture.
  const clipped = await cutOut(canvas, { region: { ...region, widthPx: 9_000, heightPx: 9_000 } });
  expect([clipped.frame.widthPx, clipped.frame.heightPx]).toEqual([160, 120]);
  await expect(cutOut(canvas, { region: { ...region, leftPx: 160 } })).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
    message: "Expected `region` to be a box that overlaps the picture of 160×120, got `100×70 at 160,20`",
  });
});

test.each([
  [300, 120],
  [120, 300],
  [150, 150],
])("a model that keeps the shape of a picture of %i×%i cuts out the same object", async (widthPx, heightPx) => {
  const scene = () => createScene(widthPx, heightPx);
  const open = alphaOf((await cutOut(scene(), {}, { keepsShape: true })).frame);
  const square = alphaOf((await cutOut(scene())).frame);
  const isObject = (at: number) => {
    const [x, y] = [at % widthPx, Math.floor(at / widthPx)];
    return Math.hypot((x + 0.5) / widthPx - 0.5, (y + 0.5) / heightPx - 0.5) < 9 / 32;
  };
  const wrong = (alpha: Uint8Array) => alpha.filter((value, at) => value > 127 !== isObject(at)).length / alpha.length;
  expect(wrong(square)).toBeLessThan(0.02);
  expect(wrong(open)).toBeLessThan(0.02);
});

test("a threshold makes edges hard", async () => {
  const { frame: soft } = await cutOut(createScene(300, 200));
  for (const threshold of [0.25, 0.5, 1]) {
    const { frame } = await cutOut(createScene(300, 200), { threshold });
    const wanted = alphaOf(soft).map((value) => (value / 255 >= threshold ? 255 : 0));
    expect(Buffer.compare(alphaOf(frame), wanted)).toBe(0);
    for (let i = 0; i < wanted.length; i++) {
      const of = ({ data }: Frame) => [...data.subarray(i * 4, i * 4 + 3)];
      if (of(frame).join() !== (wanted[i] === 0 ? "0,0,0" : of(soft).join())) expect(of(frame)).toEqual(of(soft));
    }
  }
});

test("a feather softens a straight edge inwards, as the Gaussian says", async () => {
  // The left half is the object; the picture's own alpha is kept, so the edge is exact.
  const half = createPicture({ widthPx: 120, heightPx: 60 }, 4, (x, _, c) => (c === 3 ? (x < 60 ? 255 : 0) : 90));
  const sigma = 6;
  const { frame } = await cutOut(half, { featherPx: sigma });
  const row = [...alphaOf(frame).subarray(30 * 120, 31 * 120)];
  for (let x = 0; x < 120; x++) {
    // The share of the Gaussian on the object's side of the edge at 60: the error function, as Abramowitz and Stegun 7.1.26 approximates it.
    const blurred = 0.5 * (1 + erf((59.5 - x) / (sigma * Math.SQRT2)));
    const wanted = x < 60 ? 255 * Math.max(0, 2 * blurred - 1) : 0;
    expect(Math.abs((row[x] as number) - wanted), `${x}`).toBeLessThan(10);
  }
  // The border of the picture is no edge of the object.
  expect(row[0]).toBe(255);
  expect(row.slice(60).every((value) => value === 0)).toBe(true);
});

function erf(value: number): number {
  const t = 1 / (1 + 0.3275911 * Math.abs(value));
  const series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return Math.sign(value) * (1 - series * Math.exp(-value * value));
}

test("islands go and holes are filled before the matte is fitted", async () => {
  const flat = createPicture({ widthPx: 96, heightPx: 96 }, 3, () => 120);
  const ringWithDot: Shape = (x, y) => {
    const far = Math.hypot(x - 15.5, y - 15.5);
    return (far > 5 && far < 11) || (x > 24 && y > 24) ? 0.99 : 0.01;
  };
  const at = (frame: Frame, x: number, y: number) => frame.data[(y * 96 + x) * 4 + 3] as number;
  const { frame: plain } = await cutOut(flat, {}, { shape: ringWithDot });
  const { frame: clean } = await cutOut(flat, { fillHoles: true, minIsland: 0.06 }, { shape: ringWithDot });
  expect([at(plain, 48, 48), at(plain, 48, 24), at(plain, 90, 90)].map((value) => value > 127)).toEqual([
    false,
    true,
    true,
  ]);
  expect([at(clean, 48, 48), at(clean, 48, 24), at(clean, 90, 90)].map((value) => value > 127)).toEqual([
    true,
    true,
    false,
  ]);
});

describe("a matte that is not refined", () => {
  // An object, and smoke beside it, of which the model is in doubt.
  const shape: Shape = (x, y) => (x < 16 ? 0.75 + (x + y) / 188 : x < 20 ? 0.5 - (x - 16) / 10 : 0.2 + y / 310);
  const [least, most] = [0.2, 0.75 + 46 / 188];
  const values = Array.from({ length: modelSidePx ** 2 }, (_, i) => {
    const value = shape(i % modelSidePx, Math.floor(i / modelSidePx));
    return (value - least) / (most - least);
  });
  const scene = () => createScene(modelSidePx, modelSidePx);
  const cutAlpha = async (settings: Partial<RemoveBackgroundOperation>) => [
    ...alphaOf((await cutOut(scene(), settings, { shape })).frame),
  ];

  test("has the model's values, without a band", async () => {
    const alpha = await cutAlpha({ refine: Refinement.NONE });
    for (const [at, value] of alpha.entries()) expect(Math.abs(value - 255 * values[at]!), `${at}`).toBeLessThan(0.52);
  });

  test("is decided outside of a band that is asked for", async () => {
    const alpha = await cutAlpha({ refine: Refinement.NONE, trimapPx: 2.5 });
    // The edge lies between columns 16 and 17, where the stretched values cross one half.
    const isObject = values.slice(0, modelSidePx).map((value) => value >= 0.5);
    const edge = isObject.lastIndexOf(true);
    for (const [at, value] of alpha.entries()) {
      const x = at % modelSidePx;
      const wanted = x < edge - 1 ? 255 : x > edge + 2 ? 0 : 255 * values[at]!;
      expect(Math.abs(value - wanted), `${at}`).toBeLessThan(0.52);
    }
  });

  test("differs from a fitted one, which is the default", async () => {
    const fitted = await cutAlpha({});
    for (const refine of [Refinement.UNSPECIFIED, Refinement.GUIDED])
      expect(await cutAlpha({ refine })).toEqual(fitted);
    expect(await cutAlpha({ refine: Refinement.NONE })).not.toEqual(fitted);
  });
});

test("without decontamination visible pixels keep the picture's colours", async () => {
  const picture = createScene(200, 130);
  const { frame } = await cutOut(picture, { decontaminate: false });
  const { frame: clean } = await cutOut(picture);
  let changed = 0;
  for (let i = 0; i < 200 * 130; i++) {
    const alpha = frame.data[i * 4 + 3] as number;
    expect(alpha).toBe(clean.data[i * 4 + 3]);
    const colors = [...frame.data.subarray(i * 4, i * 4 + 3)];
    if (alpha > 0) expect(colors).toEqual([...picture.data.subarray(i * 3, i * 3 + 3)]);
    if (alpha > 0 && alpha < 255 && colors.join() !== clean.data.subarray(i * 4, i * 4 + 3).join()) changed += 1;
  }
  expect(changed).toBeGreaterThan(20);
});

test("the matte alone is the alpha as a grey picture", async () => {
  const { frame } = await cutOut(createScene(90, 70), { result: CutOutResult.MATTE });
  expect([frame.widthPx, frame.heightPx, frame.channels]).toEqual([90, 70, 1]);
  expect(Buffer.compare(frame.data, alphaOf((await cutOut(createScene(90, 70))).frame))).toBe(0);
});

test("all settings together give the same in files as in memory", async () => {
  const dir = await mkdtemp(join(tmpdir(), "cut-out-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const frameStore = createFrameStore(async () => dir, 0);
  const settings: Partial<RemoveBackgroundOperation> = {
    existingAlpha: ExistingAlpha.REPLACE,
    decontaminate: false,
    threshold: 0.4,
    featherPx: 2,
    fillHoles: true,
    minIsland: 0.01,
    refine: Refinement.NONE,
    region: { leftPx: 10, topPx: 5, widthPx: 150, heightPx: 100 },
  };
  for (const alpha of [undefined, (x: number) => x % 256]) {
    const picture = createScene(170, 111, alpha);
    const sink = await createRasterSink(picture, frameStore);
    await sink.writeRows(0, picture.data);
    const { frame } = await cutOut(await sink.end(), settings, { frameStore });
    const copy = createFrame(170, 111, picture.channels, picture.data.slice());
    expect(isSame(frame, (await cutOut(copy, settings)).frame)).toBe(true);
  }
  await frameStore.close();
});
