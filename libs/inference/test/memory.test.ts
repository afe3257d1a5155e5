import { describe, expect, test } from "vitest";
import { bundledModelsDir, estimatePeakBytes, loadRegistry, runTiled } from "../src/index.ts";
import { createModelsDir, dataDir, noise, smallUpscaler, startTestHost } from "./tiny-models.ts";

const tilePx = 192;

describe.skipIf(dataDir === null)("the manifest's memory figures", () => {
  test("say what a host really takes, and not much more", async () => {
    const registry = await loadRegistry({ dirs: [bundledModelsDir, `${dataDir}/models`] });
    for (const name of ["realesr-animevideov3", "FSRCNN_x4", "u2netp"]) {
      await using started = await startTestHost();
      const model = registry.find(name);
      const size = model.input.fixedSizePx ?? { widthPx: tilePx, heightPx: tilePx };
      const pixels = noise(size.widthPx, size.heightPx);
      for (let again = 0; again < 2; again++) {
        await (model.task === "matte" ? started.host.runMatte(model, pixels) : started.host.runTile(model, pixels));
      }
      const estimate = estimatePeakBytes(model, size, tilePx);
      const { anonymousBytes } = await started.host.memory();
      expect(anonymousBytes / estimate, name).toBeLessThan(1.2);
      expect(anonymousBytes / estimate, name).toBeGreaterThan(0.3);
    }
  });
});

describe("the memory of a host", () => {
  test("does not grow with the height of the picture", async () => {
    await using started = await startTestHost();
    using models = createModelsDir();
    const model = models.write("small", smallUpscaler(), { scale: 2 });
    const { data } = noise(128, 256);
    const enlarge = async (heightPx: number) => {
      let nextRow = 0;
      await runTiled({
        source: {
          widthPx: 128,
          heightPx,
          channels: 3,
          readRows: async (y, count) => data.subarray((y % 128) * 384, ((y % 128) + count) * 384),
        },
        sink: {
          widthPx: 256,
          heightPx: heightPx * 2,
          channels: 3,
          writeRows: async (y, rows) => {
            expect(y).toBe(nextRow);
            nextRow += rows.length / 768;
          },
        },
        model,
        host: started.host,
        tilePx: 64,
      });
      expect(nextRow).toBe(heightPx * 2);
      return (await started.host.memory()).anonymousBytes;
    };
    const low = await enlarge(512);
    const tall = await enlarge(8_192);
    expect(tall - low).toBeLessThan(24 * 2 ** 20);
  });
});
