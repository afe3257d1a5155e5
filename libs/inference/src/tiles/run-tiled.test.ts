import { createFrame, createFrameSink, createFrameSource } from "@pixelmesh/imaging";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { enlarge, modelOf, pictureOf } from "../../test/slow-upscaler.ts";
import type { AvailableModel } from "../models/registry.ts";
import type { InferenceHost } from "../supervisor/inference-host.ts";
import type { Tile } from "../supervisor/tile.ts";
import { runTiled } from "./run-tiled.ts";

type Run = { tilePx: number; sizeMultiple?: number; host?: Pick<InferenceHost, "runTile">; signal?: AbortSignal };
const run = async (picture: ReturnType<typeof pictureOf>, { tilePx, sizeMultiple = 1, host, signal }: Run) => {
  const sink = createFrameSink(picture.widthPx * 2, picture.heightPx * 2, picture.channels);
  const fractions: number[] = [];
  const report = await runTiled({
    source: createFrameSource(picture),
    sink,
    model: modelOf({ sizeMultiple }),
    host: host ?? { runTile: async (_, tile) => enlarge(tile) },
    tilePx,
    onProgress: (fraction) => fractions.push(fraction),
    ...(signal ? { signal } : {}),
  });
  return { frame: sink.frame, fractions, report };
};

describe("a tiled run", () => {
  test("equals the untiled one for all sizes if the halo covers the receptive field", async () => {
    const sides = fc.integer({ min: 1, max: 60 });
    const shape = fc.record({
      widthPx: sides,
      heightPx: sides,
      channels: fc.constantFrom(1 as const, 3 as const),
      tilePx: fc.integer({ min: 16, max: 40 }),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ widthPx, heightPx, channels, tilePx }) => {
        const picture = pictureOf(widthPx, heightPx, channels);
        const { frame, fractions } = await run(picture, { tilePx });
        expect(Buffer.compare(frame.data, enlarge({ ...picture, channels }).data)).toBe(0);
        expect(fractions.at(-1)).toBe(1);
        expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
      }),
      { numRuns: 60 },
    );
  });

  test("equals the untiled one for models with size multiples, padded by repeated borders", async () => {
    const picture = pictureOf(45, 30, 3);
    const untiled = await run(picture, { tilePx: 64, sizeMultiple: 8 });
    const tiled = await run(picture, { tilePx: 24, sizeMultiple: 8 });
    expect(untiled.report.tiles).toBe(1);
    expect(tiled.report.tiles).toBeGreaterThan(4);
    expect(Buffer.compare(tiled.frame.data, untiled.frame.data)).toBe(0);
  });

  test("keeps at most two tiles in progress", async () => {
    let now = 0;
    let most = 0;
    const host = {
      runTile: async (_: AvailableModel, tile: Tile) => {
        most = Math.max(most, ++now);
        await new Promise((resolve) => setTimeout(resolve, 1));
        now--;
        return enlarge(tile);
      },
    };
    await run(pictureOf(60, 60, 3), { tilePx: 20, host });
    expect(most).toBe(2);
  });

  test("ends with the failure of a tile and leaves no tile running", async () => {
    let now = 0;
    let calls = 0;
    const host: Pick<InferenceHost, "runTile"> = {
      runTile: async (_, tile, options) => {
        calls++;
        now++;
        await new Promise((resolve) => setTimeout(resolve, 2));
        now--;
        options?.signal?.throwIfAborted();
        if (calls > 2) throw new Error("tile failed");
        return enlarge(tile);
      },
    };
    await expect(run(pictureOf(60, 60, 3), { tilePx: 20, host })).rejects.toThrow("tile failed");
    expect(now).toBe(0);
    expect(calls).toBeLessThan(6);
  });

  test("stops at the next tile after an abort", async () => {
    const stop = new AbortController();
    let calls = 0;
    const host: Pick<InferenceHost, "runTile"> = {
      runTile: async (_, tile) => {
        if (++calls === 2) stop.abort();
        return enlarge(tile);
      },
    };
    await expect(run(pictureOf(60, 60, 1), { tilePx: 20, host, signal: stop.signal })).rejects.toThrow("aborted");
    expect(calls).toBeLessThanOrEqual(3);
  });

  test("refuses alpha, which the caller must handle", async () => {
    const picture = createFrame(8, 8, 4);
    const options = {
      source: createFrameSource(picture),
      sink: createFrameSink(16, 16, 4),
      model: modelOf(),
      host: { runTile: async (_: AvailableModel, tile: Tile) => enlarge(tile) },
    };
    await expect(runTiled(options)).rejects.toThrow("Expected 1 or 3 channels");
  });
});

describe("a run with two models", () => {
  const strong = modelOf({ name: "strong" });
  const weak = modelOf({ name: "weak", haloPx: 6, receptiveRadiusPx: 6, sizeMultiple: 2 });
  const host = {
    runTile: async (model: AvailableModel, tile: Tile) => {
      const result = enlarge(tile);
      return model.name === "weak" ? { ...result, data: result.data.map((value) => 255 - value) } : result;
    },
  };
  const mix = async (weight: number) => {
    const picture = pictureOf(44, 36, 3);
    const sink = createFrameSink(88, 72, 3);
    const blend = { model: weak, weight };
    await runTiled({ source: createFrameSource(picture), sink, model: strong, blend, host, tilePx: 24 });
    return { got: sink.frame.data, first: enlarge({ ...picture, channels: 3 }).data };
  };

  test("mixes the results of both, and runs only one if the other has no weight", async () => {
    for (const weight of [0, 0.25, 0.5, 1]) {
      const { got, first } = await mix(weight);
      const worst = first.reduce((most, value, at) => {
        return Math.max(most, Math.abs(got[at]! - (value * (1 - weight) + (255 - value) * weight)));
      }, 0);
      expect(worst).toBeLessThanOrEqual(weight === 0 || weight === 1 ? 0 : 0.5);
    }
  });

  test("refuses a second model of another scale", async () => {
    const options = {
      source: createFrameSource(pictureOf(8, 8, 3)),
      sink: createFrameSink(16, 16, 3),
      model: strong,
      blend: { model: modelOf({ name: "other", scale: 4 }), weight: 0.5 },
      host,
    };
    await expect(runTiled(options)).rejects.toThrow("Expected an upscaler of any size, got `other`");
  });
});
