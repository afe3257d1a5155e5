import { dataDir, startTestHost } from "@pixelmesh/testing/models";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { bundledModelsDir, loadRegistry } from "../src/index.ts";

describe.skipIf(dataDir === null)("a matte model", () => {
  test("returns the same values as the session itself for the same photograph", async () => {
    await using started = await startTestHost();
    const registry = await loadRegistry({ dirs: [bundledModelsDir, `${dataDir}/models`] });
    const model = registry.find("u2netp");
    const photo = `${dataDir}/matting/GrabCut/106024.jpg`;
    const data = await sharp(photo).resize(320, 320, { fit: "fill" }).removeAlpha().raw().toBuffer();

    const top = data.reduce((most, sample) => Math.max(most, sample), 0);
    const mean = [0.485, 0.456, 0.406];
    const std = [0.229, 0.224, 0.225];
    const size = 320 * 320;
    const planes = Float32Array.from({ length: size * 3 }, (_, i) => {
      const channel = Math.floor(i / size);
      return (data[(i % size) * 3 + channel]! / top - mean[channel]!) / std[channel]!;
    });
    const session = await InferenceSession.create(model.path);
    const output = await session.run({ "input.1": new Tensor("float32", planes, [1, 3, 320, 320]) });
    const plain = output["1959"]!.data as Float32Array;

    const matte = await started.host.runMatte(model, { widthPx: 320, heightPx: 320, channels: 3, data });
    expect(matte).toMatchObject({ widthPx: 320, heightPx: 320 });
    const worst = matte.data.reduce((most, value, i) => Math.max(most, Math.abs(value - plain[i]!)), 0);
    expect(worst).toBeLessThan(1e-4);
    expect(Math.max(...plain) - Math.min(...plain)).toBeGreaterThan(0.9);
  });
});
