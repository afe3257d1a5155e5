import { createFrame, createFrameSink, createFrameSource, type Frame } from "@pixelmesh/imaging";
import {
  createModelsDir,
  dataDir,
  noise,
  smallUpscaler,
  startTestHost,
  upscaleStraight,
} from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";
import { type AvailableModel, bundledModelsDir, type InferenceHost, loadRegistry, runTiled } from "../src/index.ts";

const enlarge = async (host: InferenceHost, model: AvailableModel, picture: Frame, tilePx: number) => {
  const { scale } = model;
  const sink = createFrameSink(picture.widthPx * scale, picture.heightPx * scale, picture.channels);
  const report = await runTiled({ source: createFrameSource(picture), sink, model, host, tilePx });
  return { ...report, data: sink.frame.data };
};
const pictureOf = (widthPx: number, heightPx: number, channels: 1 | 3) =>
  createFrame(widthPx, heightPx, channels, noise(widthPx, heightPx, channels).data);

const expectSeamless = async (host: InferenceHost, model: AvailableModel, picture: Frame, tilesPx: number[]) => {
  const whole = await enlarge(host, model, picture, 4_096);
  expect(whole.tiles).toBe(1);
  for (const tilePx of tilesPx) {
    const tiled = await enlarge(host, model, picture, tilePx);
    expect(tiled.tiles).toBeGreaterThan(1);
    expect(Buffer.compare(tiled.data, whole.data), `tiles of ${tilePx} px`).toBe(0);
  }
};

describe("tiles through a real session", () => {
  test("equal the untiled picture bit for bit, for odd sizes, thin pictures and grey", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("small", smallUpscaler(), { scale: 2 });
    for (const channels of [1, 3] as const) {
      await expectSeamless(started.host, model, pictureOf(131, 97, channels), [16, 33, 64, 100]);
      await expectSeamless(started.host, model, pictureOf(1, 90, channels), [17, 40]);
      await expectSeamless(started.host, model, pictureOf(200, 3, channels), [32]);
    }
  });
});

describe("tiles through the bundled models", () => {
  test("equal bit for bit what onnxruntime makes of the whole picture, for every shape and tile size", async () => {
    await using started = await startTestHost();
    const registry = await loadRegistry({ dirs: [bundledModelsDir] });
    const shapes: [number, number, number[]][] = [
      [1, 1, [64]],
      [1, 90, [22, 40]],
      [77, 1, [23, 36]],
      [200, 3, [32, 101]],
      [71, 53, [24, 33, 64, 70]],
      [601, 13, [128, 256, 512]],
      [21, 301, [25, 70, 300]],
    ];
    for (const name of ["pixelmesh-sr-x2", "pixelmesh-sr-x4"]) {
      const model = registry.find(name);
      for (const [widthPx, heightPx, tilesPx] of shapes) {
        const picture = pictureOf(widthPx, heightPx, 3);
        const raw = { data: picture.data, width: widthPx, height: heightPx, channels: 3 } as const;
        const whole = await upscaleStraight(model.path, raw);
        for (const tilePx of tilesPx) {
          const { data } = await enlarge(started.host, model, picture, tilePx);
          expect(Buffer.compare(data, whole.data), `${name}, ${widthPx}x${heightPx}, tiles of ${tilePx} px`).toBe(0);
        }
      }
    }
  });
});

describe.skipIf(dataDir === null)("tiles through third-party models", () => {
  const load = async () => loadRegistry({ dirs: [bundledModelsDir, `${dataDir}/models`] });

  test("show no seam with the halo of their entry, but a seam with half of it", async () => {
    await using started = await startTestHost({ threads: { intraOp: 2, interOp: 1 } });
    const model = (await load()).find("realesr-animevideov3");
    const picture = pictureOf(75, 42, 3);
    await expectSeamless(started.host, model, picture, [56]);
    // One pixel less would not show: the far end of a receptive field rarely changes 8-bit samples.
    const short = { ...model, haloPx: model.haloPx / 2 };
    const whole = await enlarge(started.host, short, picture, 4_096);
    const tiled = await enlarge(started.host, short, picture, 48);
    expect(Buffer.compare(tiled.data, whole.data)).not.toBe(0);
  });

  test("show no seam if the model enlarges luminance only", async () => {
    await using started = await startTestHost();
    const registry = await load();
    for (const name of ["FSRCNN_x2", "FSRCNN_x4"]) {
      for (const channels of [1, 3] as const) {
        await expectSeamless(started.host, registry.find(name), pictureOf(83, 61, channels), [32, 50]);
      }
    }
  });
});
