import { createModelsDir, dataDir, noise, smallUpscaler, startTestHost } from "@pixelmesh/testing/models";
import { describe, expect, test } from "vitest";
import { bundledModelsDir, estimatePeakBytes, loadRegistry, runTiled } from "../src/index.ts";

const tilePx = 192;

describe.skipIf(dataDir === null)("the manifest's memory figures", () => {
  test("are close to what a host really uses", async () => {
    const registry = await loadRegistry({ dirs: [bundledModelsDir, `${dataDir}/models`] });
    for (const name of ["realesr-animevideov3", "FSRCNN_x4", "u2netp"]) {
      await using started = await startTestHost();
      const model = registry.find(name);
      const size = model.input.fixedSizePx ?? { widthPx: tilePx, heightPx: tilePx };
      const pixels = noise(size.widthPx, size.heightPx);
      // Read during the run: how much memory the allocator returns at the end varies.
      let mostBytes = 0;
      const readMemory = async () => {
        mostBytes = Math.max(mostBytes, (await started.host.memory()).anonymousBytes);
      };
      for (let again = 0; again < 3; again++) {
        let isRunning = true;
        const run = model.task === "matte" ? started.host.runMatte(model, pixels) : started.host.runTile(model, pixels);
        const ended = run.finally(() => {
          isRunning = false;
        });
        while (isRunning) await readMemory();
        await ended;
        await readMemory();
      }
      const estimate = estimatePeakBytes(model, size, tilePx);
      expect(mostBytes / estimate, name).toBeLessThan(1.2);
      expect(mostBytes / estimate, name).toBeGreaterThan(0.5);
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
