import { createFrameSource, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import { createPicture, noPause, textured } from "../../../test/pictures.ts";
import { cutOutKernels } from "../../kernels/cut-out-kernels.ts";
import { cutOutRows } from "./cut-out-rows.ts";
import { planCutOut, workingSize } from "./plan-cut-out.ts";
import { removeBackground } from "./remove-background.ts";

// A model that finds a disc in the middle of every picture.
const modelSidePx = 32;
const disc = async () =>
  Float32Array.from({ length: modelSidePx ** 2 }, (_, i) =>
    Math.hypot((i % 32) - 15.5, Math.floor(i / 32) - 15.5) < 9 ? 0.9 : 0.1,
  );
const modelSize = { widthPx: modelSidePx, heightPx: modelSidePx };
const options = { modelSize, infer: disc, resize: resizeFrame };

const object = textured(1);
const background = textured(2);
const scene = (widthPx: number, heightPx: number, channels: 3 | 4 = 3): Frame =>
  createPicture({ widthPx, heightPx }, channels, (x, y, c) => {
    if (c === 3) return x < widthPx / 2 ? 255 : 100;
    const inside = Math.hypot((x + 0.5) / widthPx - 0.5, (y + 0.5) / heightPx - 0.5) < 9 / 32;
    return (inside ? object : background)(x, y, c);
  });

test("the cut-out has the picture's size, its own colours inside and nothing outside", async () => {
  const picture = scene(150, 90);
  const cutOut = await removeBackground(picture, options);
  expect([cutOut.widthPx, cutOut.heightPx, cutOut.channels]).toEqual([150, 90, 4]);
  const at = (x: number, y: number) => [...cutOut.data.subarray((y * 150 + x) * 4, (y * 150 + x + 1) * 4)];
  expect(at(75, 45)).toEqual([...picture.data.subarray((45 * 150 + 75) * 3, (45 * 150 + 75) * 3 + 3), 255]);
  expect(at(2, 2)).toEqual([0, 0, 0, 0]);
  for (let i = 0; i < 150 * 90; i++) {
    const [alpha, colors] = [cutOut.data[i * 4 + 3]!, cutOut.data.subarray(i * 4, i * 4 + 3)];
    if (alpha === 255) expect([...colors]).toEqual([...picture.data.subarray(i * 3, i * 3 + 3)]);
    if (alpha === 0) expect([...colors]).toEqual([0, 0, 0]);
  }
});

test("the picture's own alpha is kept where the object is, and never raised", async () => {
  const picture = scene(120, 80, 4);
  const cutOut = await removeBackground(picture, options);
  for (let i = 0; i < 120 * 80; i++) expect(cutOut.data[i * 4 + 3]!).toBeLessThanOrEqual(picture.data[i * 4 + 3]!);
  expect(cutOut.data[(40 * 120 + 50) * 4 + 3]).toBe(255);
  expect([...cutOut.data.subarray((40 * 120 + 65) * 4, (40 * 120 + 66) * 4)]).toEqual([
    ...picture.data.subarray((40 * 120 + 65) * 4, (40 * 120 + 66) * 4),
  ]);
});

test.each([
  [1, 1],
  [1, 50],
  [50, 1],
  [2, 3],
  [33, 31],
])("a picture of %i×%i works, in grey and in colour, with and without alpha", async (widthPx, heightPx) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture({ widthPx, heightPx }, channels, (x, y, c) => 40 + 13 * x + 7 * y + 50 * c);
    const cutOut = await removeBackground(picture, options);
    expect([cutOut.widthPx, cutOut.heightPx, cutOut.channels]).toEqual([widthPx, heightPx, 4]);
  }
});

test("a constant matte gives constant alpha", async () => {
  for (const [value, alpha] of [
    [0, 0],
    [1, 255],
  ] as const) {
    const flat = { ...options, infer: async () => new Float32Array(modelSidePx ** 2).fill(value) };
    const { data } = await removeBackground(scene(20, 20), flat);
    expect(data.every((sample, i) => i % 4 !== 3 || sample === alpha)).toBe(true);
  }
});

test("rows are read once, in order, and written in order", async () => {
  const picture = scene(64, 100);
  const asked: number[] = [];
  const source = createFrameSource(picture);
  const watched: typeof source = {
    ...source,
    readRows: async (y, count) => {
      asked.push(y, count);
      return source.readRows(y, count);
    },
  };
  const size = workingSize(picture, modelSidePx);
  const guide = await resizeFrame(picture, size.widthPx, size.heightPx);
  const kernels = cutOutKernels.take();
  await planCutOut(
    kernels,
    guide,
    { widthPx: 32, heightPx: 32, data: (await disc()).map((value) => (value - 0.1) / 0.8) },
    noPause,
  );
  const parts: Uint8Array[] = [];
  const progress: number[] = [];
  const sink = {
    widthPx: 64,
    heightPx: 100,
    channels: 4 as const,
    writeRows: async (_y: number, rows: Uint8Array) => void parts.push(rows.slice()),
  };
  await cutOutRows(kernels, watched, sink, { onProgress: (fraction) => progress.push(fraction) });
  expect(asked).toEqual([0, 32, 32, 32, 64, 32, 96, 4]);
  expect(progress).toEqual([0.32, 0.64, 0.96, 1]);
  expect(Buffer.concat(parts).equals((await removeBackground(picture, options)).data)).toBe(true);
  await expect(cutOutRows(kernels, watched, { ...sink, channels: 3 })).rejects.toMatchObject({ reason: "INTERNAL" });
});

test("an abort rejects with the signal's reason at any point", async () => {
  const reason = new Error("stop");
  await expect(removeBackground(scene(20, 20), { ...options, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  const controller = new AbortController();
  const infer = async () => {
    controller.abort(reason);
    return disc();
  };
  await expect(removeBackground(scene(20, 20), { ...options, infer, signal: controller.signal })).rejects.toBe(reason);
  const late = new AbortController();
  const onProgress = () => late.abort(reason);
  await expect(removeBackground(scene(4000, 64), { ...options, signal: late.signal, onProgress })).rejects.toBe(reason);
});

test("the working size is twice the model's, never larger than the picture", () => {
  expect(workingSize({ widthPx: 4000, heightPx: 3000 }, 320)).toEqual({ widthPx: 640, heightPx: 480 });
  expect(workingSize({ widthPx: 300, heightPx: 200 }, 320)).toEqual({ widthPx: 300, heightPx: 200 });
  expect(workingSize({ widthPx: 9000, heightPx: 3 }, 1024)).toEqual({ widthPx: 1024, heightPx: 1 });
});

test("the event loop runs every few milliseconds while rows are written", async () => {
  let [turns, running] = [0, true];
  const count = () => {
    turns += 1;
    if (running) setImmediate(count);
  };
  const picture = createPicture({ widthPx: 1200, heightPx: 1000 }, 3, (x, y) => (x ^ y) & 255);
  setImmediate(count);
  await removeBackground(picture, options);
  running = false;
  // 1.2 megapixels are 18 turns of 65,536 pixels; fitting and enlarging the matte add more.
  expect(turns).toBeGreaterThan(18);
});
