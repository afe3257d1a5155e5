import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import {
  createFrame,
  createFrameSink,
  createFrameSource,
  decodePicture,
  defaultLimits,
  type Frame,
  frameHasAlpha,
  memoryFrameStore,
  resizeFrame,
  toWholeFrame,
} from "@pixelmesh/imaging";
import {
  type AvailableModel,
  bundledModelsDir,
  type InferenceHost,
  loadRegistry,
  runTiled,
  startInferenceHost,
} from "@pixelmesh/inference";
import { compareFrames, findTestData, findTestModels, testPicture } from "@pixelmesh/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { enlarge } from "../src/steps/enlarge.ts";

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const models = (
  await loadRegistry({ dirs: [bundledModelsDir, ...(findTestModels() ? [findTestModels() as string] : [])] })
)
  .list()
  .flatMap(({ entry, available }) => (entry.task === "upscale" && available ? [available] : []));
const bundled = models.filter(({ name }) => name.startsWith("pixelmesh-"));

let host: InferenceHost;
beforeAll(async () => {
  const threads = { intraOp: Math.min(2, availableParallelism()), interOp: 1 };
  host = await startInferenceHost({ id: "means", providers: ["cpu"], threads, log: quiet });
});
afterAll(() => host?.close());

/** Runs the upscale step with this factor. */
async function upscale(picture: Frame, model: AvailableModel, factor: number, tilePx = 512): Promise<Frame> {
  const result = await enlarge(picture, {
    target: { widthPx: Math.round(picture.widthPx * factor), heightPx: Math.round(picture.heightPx * factor) },
    scale: model.scale,
    haloPx: model.haloPx,
    finishing: undefined,
    frameStore: memoryFrameStore,
    signal: new AbortController().signal,
    run: async (source, sink) => void (await runTiled({ source, sink, model, host, tilePx })),
  });
  return toWholeFrame(result);
}

/** Runs the model alone. */
async function runAlone(picture: Frame, model: AvailableModel): Promise<Frame> {
  const sink = createFrameSink(picture.widthPx * model.scale, picture.heightPx * model.scale, picture.channels);
  await runTiled({ source: createFrameSource(picture), sink, model, host, tilePx: 512 });
  return sink.frame;
}

type At = (x: number, y: number, channel: number) => number;
function draw(channels: 1 | 2 | 3 | 4, at: At, widthPx = 64, heightPx = 48): Frame {
  const frame = createFrame(widthPx, heightPx, channels);
  for (let i = 0; i < frame.data.length; i++) {
    const pixel = Math.floor(i / channels);
    frame.data[i] = at(pixel % widthPx, Math.floor(pixel / widthPx), i % channels);
  }
  return frame;
}
const hash = (x: number, y: number) => (Math.imul(x * 73_856_093 + y * 19_349_663 + 7, 2_654_435_761) >>> 16) & 255;
const bit = (isOn: boolean) => (isOn ? 255 : 0);

const patterns: Readonly<Record<string, Frame>> = {
  "upright stripes": draw(3, (x) => bit(x % 2 === 0)),
  "level stripes": draw(3, (_x, y) => bit(y % 2 === 0)),
  "stripes of three": draw(3, (x) => bit(x % 3 === 0)),
  "lines on white": draw(3, (x) => bit(x % 5 !== 0)),
  "one line": draw(3, (x) => bit(x !== 31)),
  checkerboard: draw(3, (x, y) => bit((x + y) % 2 === 0)),
  "soft checkerboard": draw(3, (x, y) => ((x + y) % 2 === 0 ? 100 : 156)),
  "coloured checkerboard": draw(3, (x, y, c) => ((x + y) % 2 === 0 ? [255, 0, 128][c] : [0, 200, 30][c]) as number),
  "dots on black": draw(3, (x, y) => bit(x % 3 === 0 && y % 3 === 0)),
  "holes in white": draw(3, (x, y) => bit(x % 3 !== 0 || y % 3 !== 0)),
  grid: draw(3, (x, y) => bit(x % 4 !== 0 && y % 4 !== 0)),
  diagonals: draw(3, (x, y) => bit((x + y) % 4 === 0)),
  "noise in grey": draw(1, (x, y) => hash(x, y)),
  "noise in black and white": draw(3, (x, y) => bit(hash(x, y) < 128)),
  "sparse noise": draw(3, (x, y) => bit(hash(x, y) < 40)),
  colour: draw(3, (_x, _y, c) => [37, 130, 220][c] as number),
  black: draw(3, () => 0),
  white: draw(1, () => 255),
  "half flat, half checkerboard": draw(3, (x, y) => (x < 32 ? 128 : bit((x + y) % 2 === 0))),
  "a few pixels": draw(3, (x, y) => bit((x + y) % 2 === 0), 3, 2),
};

/** Returns the means of the visible colours by channel, weighted by alpha. */
function meansOf({ channels, data }: Frame): number[] {
  const colors = channels <= 2 ? 1 : 3;
  return Array.from({ length: colors }, (_, color) => {
    let [sum, weights] = [0, 0];
    for (let at = 0; at < data.length; at += channels) {
      const weight = channels % 2 === 0 ? (data[at + channels - 1] as number) : 255;
      sum += weight * (data[at + color] as number);
      weights += weight;
    }
    return sum / weights;
  });
}
function expectSameMeans(result: Frame, picture: Frame, what: string): void {
  const wanted = meansOf(picture);
  for (const [channel, mean] of meansOf(result).entries())
    expect(Math.abs(mean - (wanted[channel] as number)), `${what}, channel ${channel}`).toBeLessThanOrEqual(2);
}

describe.each(models.map((model) => [model.name, model] as const))("an upscale by %s", (_name, model) => {
  test.each(Object.entries(patterns))("keeps the mean of %s", async (name, picture) => {
    for (const factor of [2, 3, 4, 1.37])
      expectSameMeans(await upscale(picture, model, factor), picture, `${name} × ${factor}`);
  });

  test("keeps the mean of the visible parts of a picture with transparent parts", async () => {
    const shape = (x: number, y: number) => Math.hypot(x - 32, y - 24) < 18;
    for (const hidden of [0, 255]) {
      const pattern: At = (x, y, c) => (c === 3 ? bit(shape(x, y)) : shape(x, y) ? bit((x + y) % 2 === 0) : hidden);
      const picture = draw(4, pattern);
      const result = await upscale(picture, model, model.scale);
      expect(frameHasAlpha(result)).toBe(true);
      expectSameMeans(result, picture, `hidden ${hidden}`);
    }
  });

  test("costs a real picture no quality", async () => {
    const names = ["still-life.jpg", ...(findTestData() ? ["butterfly.png", "aircraft.png", "coffee.png"] : [])];
    for (const name of names) {
      const whole = (await testPicture(name)).frame;
      const [width, height] = [Math.min(512, whole.widthPx), Math.min(384, whole.heightPx)].map(
        (side) => side - (side % 4),
      );
      const original = await resizeFrame(whole, width as number, height as number);
      const small = await resizeFrame(original, original.widthPx / model.scale, original.heightPx / model.scale);
      const [kept, alone] = [await upscale(small, model, model.scale), await runAlone(small, model)];
      const gained = compareFrames(kept, original).psnrDb - compareFrames(alone, original).psnrDb;
      expect(gained, name).toBeGreaterThan(-0.01);
    }
  });
});

test("tiles give the same result as the whole picture, also with corrected means", async () => {
  for (const model of bundled) {
    const picture = draw(3, (x, y) => (y < 60 ? bit(x % 2 === 0) : bit(x % 5 !== 0 && y % 7 !== 0)), 150, 120);
    const whole = await upscale(picture, model, model.scale, 256);
    const tiled = await upscale(picture, model, model.scale, 64);
    expect(compareFrames(whole, await runAlone(picture, model)).maxDiff).toBeGreaterThan(5);
    expect(compareFrames(tiled, whole).maxDiff).toBeLessThanOrEqual(1);
  }
});

test.skipIf(!findTestData())("the picture of the case keeps its mean", async () => {
  const path = join(findTestData() as string, "cases/upscale-fine-pattern-darkens/stripes.png");
  if (!existsSync(path)) return;
  const { frame } = await decodePicture(readFileSync(path), defaultLimits);
  for (const factor of [2, 3, 4])
    for (const model of bundled) expectSameMeans(await upscale(frame, model, factor), frame, `× ${factor}`);
});
