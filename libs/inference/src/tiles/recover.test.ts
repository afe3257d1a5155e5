import { createFrameSource, type RowSink } from "@pixelmesh/imaging";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { enlarge, modelOf, pictureOf } from "../../test/slow-upscaler.ts";
import type { AvailableModel } from "../models/registry.ts";
import type { InferenceHost, Tile } from "../supervisor/types.ts";
import type { TileFailure, TileMeans } from "./run-region.ts";
import { runTiled } from "./run-tiled.ts";
import { fitsTile } from "./tile-grid.ts";

type Host = Pick<InferenceHost, "runTile">;
const host: Host = { runTile: async (_: AvailableModel, tile: Tile) => enlarge(tile) };

/** A sink that refuses a row that was written before. */
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

describe("a tiled run that recovers", () => {
  test("gives the untiled picture whatever fails when, each row once, with ever smaller tiles on other hosts", async () => {
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
        let underWay = 0;
        const failures: TileFailure[] = [];
        const flaky = (tilePx: number): Host => ({
          async runTile(_, tile) {
            expect(fitsTile(tile, tilePx)).toBe(true);
            underWay++;
            const fails = failingRuns.includes(++runs);
            await new Promise((resolve) => setImmediate(resolve));
            underWay--;
            if (fails) throw new Error(`run failed`);
            return enlarge(tile);
          },
        });
        const meansAt = (level: number): TileMeans => {
          const tilePx = sidesPx[Math.min(level, 2)]!;
          return { host: flaky(tilePx), tilePx };
        };
        await runTiled({
          source: createFrameSource(picture),
          sink,
          model: modelOf(),
          ...meansAt(0),
          async recover(failure) {
            expect(underWay).toBe(0);
            failures.push(failure);
            return meansAt(failures.length);
          },
        });
        expect(Buffer.compare(data, enlarge({ ...picture, channels }).data)).toBe(0);
        // Two may fail together, and are recovered from together.
        const failed = failingRuns.filter((run) => run <= runs).length;
        expect(failures.length).toBeLessThanOrEqual(failed);
        expect(failures.length).toBeGreaterThanOrEqual(Math.ceil(failed / 2));
      }),
      { numRuns: 150 },
    );
  });

  test("does not redo rows or tiles that were done: only the failed one and what follows are run again", async () => {
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
    // Six tiles of 20 rows; four done, the rest in tiles of at most 12.
    expect(report.tiles).toBeGreaterThan(4 + 2 * 4);
  });

  test("counts how often one tile has failed and ends with what recover rejects with", async () => {
    const picture = pictureOf(40, 40, 1);
    const { sink } = createSink(picture);
    const seen: number[] = [];
    const run = runTiled({
      source: createFrameSource(picture),
      sink,
      model: modelOf(),
      host: { runTile: () => Promise.reject(new Error("bad tile")) },
      tilePx: 24,
      async recover({ failures, means }) {
        seen.push(failures);
        if (failures === 3) throw new Error("given up");
        return means;
      },
    });
    await expect(run).rejects.toThrow("given up");
    expect(seen).toEqual([1, 2, 3]);
  });

  test("does not ask for recovery when it was aborted", async () => {
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
          throw new Error("failed of it");
        },
      },
      tilePx: 24,
      signal: stop.signal,
      recover: () => expect.unreachable("nothing to recover"),
    });
    await expect(run).rejects.toThrow("cancelled");
  });
});
