import { createFrameSource, type RowSink } from "@pixelmesh/imaging";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { enlarge, modelOf, pictureOf } from "../../test/slow-upscaler.ts";
import type { AvailableModel } from "../models/registry.ts";
import type { InferenceHost } from "../supervisor/inference-host.ts";
import type { Tile } from "../supervisor/tile.ts";
import type { TileFailure, TileResources } from "./run-region.ts";
import { runTiled } from "./run-tiled.ts";
import { fitsTile } from "./tile-grid.ts";

type Host = Pick<InferenceHost, "runTile">;
const host: Host = { runTile: async (_: AvailableModel, tile: Tile) => enlarge(tile) };

/** A sink that accepts each row once, in order. */
function createSink(picture: ReturnType<typeof pictureOf>) {
  const [widthPx, heightPx] = [picture.widthPx * 2, picture.heightPx * 2];
  const data = new Uint8Array(widthPx * heightPx * picture.channels);
  let nextRow = 0;
  const sink: RowSink = {
    widthPx,
    heightPx,
    channels: picture.channels,
    async writeRows(y, rows) {
      expect(y).toBe(nextRow);
      data.set(rows, y * widthPx * picture.channels);
      nextRow += rows.length / widthPx / picture.channels;
    },
  };
  return { sink, data, written: () => nextRow };
}

describe("recovery from failed tiles", () => {
  test("returns the untiled picture for any failures, each row once, with smaller tiles on other hosts", async () => {
    const shape = fc.record({
      widthPx: fc.integer({ min: 1, max: 70 }),
      heightPx: fc.integer({ min: 1, max: 70 }),
      channels: fc.constantFrom(1 as const, 3 as const),
      failingRuns: fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { maxLength: 6 }),
      sidesPx: fc.constantFrom([40, 24, 16], [33, 33, 12], [64, 20, 20]),
    });
    await fc.assert(
      fc.asyncProperty(shape, async ({ widthPx, heightPx, channels, failingRuns, sidesPx }) => {
        const picture = pictureOf(widthPx, heightPx, channels);
        const { sink, data } = createSink(picture);
        let runs = 0;
        let running = 0;
        const failures: TileFailure[] = [];
        const flaky = (tilePx: number): Host => ({
          async runTile(_, tile) {
            expect(fitsTile(tile, tilePx)).toBe(true);
            running++;
            const fails = failingRuns.includes(++runs);
            await new Promise((resolve) => setImmediate(resolve));
            running--;
            if (fails) throw new Error(`run failed`);
            return enlarge(tile);
          },
        });
        const resourcesAt = (level: number): TileResources => {
          const tilePx = sidesPx[Math.min(level, 2)]!;
          return { host: flaky(tilePx), tilePx };
        };
        await runTiled({
          source: createFrameSource(picture),
          sink,
          model: modelOf(),
          ...resourcesAt(0),
          async recover(failure) {
            expect(running).toBe(0);
            failures.push(failure);
            return resourcesAt(failures.length);
          },
        });
        expect(Buffer.compare(data, enlarge({ ...picture, channels }).data)).toBe(0);
        // Two tiles may fail together, and one recovery handles both.
        const failed = failingRuns.filter((run) => run <= runs).length;
        expect(failures.length).toBeLessThanOrEqual(failed);
        expect(failures.length).toBeGreaterThanOrEqual(Math.ceil(failed / 2));
      }),
      { numRuns: 150 },
    );
  });

  test("does not repeat completed rows or tiles: only the failed one and later ones are run again", async () => {
    const picture = pictureOf(20, 100, 3);
    const { sink, written } = createSink(picture);
    let runs = 0;
    let rowsAtFailure = 0;
    const breaking: Host = {
      async runTile(_, tile) {
        if (++runs > 4) throw new Error("out of memory");
        return enlarge(tile);
      },
    };
    const report = await runTiled({
      source: createFrameSource(picture),
      sink,
      model: modelOf(),
      host: breaking,
      tilePx: 20,
      async recover({ error, failures }) {
        expect(error).toEqual(new Error("out of memory"));
        expect(failures).toBe(1);
        rowsAtFailure = written();
        return { host, tilePx: 12 };
      },
    });
    expect(rowsAtFailure).toBeGreaterThan(100);
    expect(written()).toBe(200);
    // Six tiles of 20 rows: four were done, the rest is run in tiles of at most 12.
    expect(report.tiles).toBeGreaterThan(4 + 2 * 4);
  });

  test("counts the failures of a tile and ends with the rejection of `recover`", async () => {
    const picture = pictureOf(40, 40, 1);
    const { sink } = createSink(picture);
    const seen: number[] = [];
    const run = runTiled({
      source: createFrameSource(picture),
      sink,
      model: modelOf(),
      host: { runTile: () => Promise.reject(new Error("bad tile")) },
      tilePx: 24,
      async recover({ failures, resources }) {
        seen.push(failures);
        if (failures === 3) throw new Error("given up");
        return resources;
      },
    });
    await expect(run).rejects.toThrow("given up");
    expect(seen).toEqual([1, 2, 3]);
  });

  test("is not attempted after an abort", async () => {
    const picture = pictureOf(40, 40, 1);
    const { sink } = createSink(picture);
    const stop = new AbortController();
    const run = runTiled({
      source: createFrameSource(picture),
      sink,
      model: modelOf(),
      host: {
        async runTile() {
          stop.abort(new Error("cancelled"));
          throw new Error("failed by the abort");
        },
      },
      tilePx: 24,
      signal: stop.signal,
      recover: () => expect.unreachable("nothing to recover"),
    });
    await expect(run).rejects.toThrow("cancelled");
  });
});
