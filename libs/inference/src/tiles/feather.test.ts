import { createFrameSink, createFrameSource } from "@pixelmesh/imaging";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { enlarge, modelOf, pictureOf } from "../../test/slow-upscaler.ts";
import type { AvailableModel } from "../models/registry.ts";
import type { Tile } from "../supervisor/tile.ts";
import { toFeatherPx } from "./feather.ts";
import { planTiles, type Span } from "./plan-tiles.ts";
import { runTiled } from "./run-tiled.ts";

/** Tiles that differ: each is a flat colour of its own. */
function createDisagreeing(levels: readonly number[]) {
  let next = 0;
  return {
    runTile: async (_: AvailableModel, tile: Tile) => {
      const data = new Uint8Array(tile.data.length * 4).fill(levels[next++ % levels.length]!);
      return { ...tile, widthPx: tile.widthPx * 2, heightPx: tile.heightPx * 2, data, runMs: 0 };
    },
  };
}

async function run(picture: ReturnType<typeof pictureOf>, model: AvailableModel, host: object, tilePx: number) {
  const sink = createFrameSink(picture.widthPx * 2, picture.heightPx * 2, picture.channels);
  await runTiled({ source: createFrameSource(picture), sink, model, host: host as never, tilePx });
  return sink.frame.data;
}

/** The weight of the later tile at an output position near the border of two cores: the definition, in doubles. */
const weightAfter = (place: number, borderPx: number, featherPx: number) =>
  Math.min(1, Math.max(0, (place + 0.5 - 2 * (borderPx - featherPx)) / (4 * featherPx)));

describe("feathering", () => {
  test("is 0 if the halo covers the receptive field, else half the halo", () => {
    expect(toFeatherPx({ haloPx: 10, receptiveRadiusPx: 10 })).toBe(0);
    expect(toFeatherPx({ haloPx: 9, receptiveRadiusPx: 10 })).toBe(4);
    expect(toFeatherPx({ haloPx: 32, receptiveRadiusPx: null })).toBe(16);
    expect(toFeatherPx({ haloPx: 200, receptiveRadiusPx: 349 })).toBe(16);
  });

  test("mixes neighbours by linear ramps around the borders of their cores", async () => {
    const model = modelOf({ haloPx: 8, receptiveRadiusPx: null });
    const levels = [0, 200, 100, 40, 250, 80, 10, 120, 60];
    const shape = fc.record({ widthPx: fc.integer({ min: 20, max: 90 }), heightPx: fc.integer({ min: 20, max: 90 }) });
    await fc.assert(
      fc.asyncProperty(shape, async ({ widthPx, heightPx }) => {
        const got = await run(pictureOf(widthPx, heightPx, 1), model, createDisagreeing(levels), 32);
        const { columns, rows } = planTiles({ widthPx, heightPx, tilePx: 32, haloPx: 8, sizeMultiple: 1 });
        const mixed = (spans: readonly Span[], place: number, at: (index: number) => number) =>
          spans.reduce((value, { coreStart }, index) => {
            const weight = index === 0 ? 1 : weightAfter(place, coreStart, 4);
            return value * (1 - weight) + at(index) * weight;
          }, 0);
        for (let y = 0; y < heightPx * 2; y += 3) {
          for (let x = 0; x < widthPx * 2; x += 3) {
            const level = (row: number, column: number) => levels[(row * columns.length + column) % levels.length]!;
            const wanted = mixed(rows, y, (row) => mixed(columns, x, (column) => level(row, column)));
            // Each axis rounds once.
            expect(Math.abs(got[y * widthPx * 2 + x]! - wanted)).toBeLessThanOrEqual(1.01);
          }
        }
      }),
      { numRuns: 30 },
    );
  });

  test("changes nothing if tiles are equal", async () => {
    const picture = pictureOf(90, 70, 3);
    const host = { runTile: async (_: AvailableModel, tile: Tile) => enlarge(tile) };
    const covered = modelOf({ haloPx: 12, receptiveRadiusPx: null });
    const untiled = enlarge({ ...picture, channels: 3 }).data;
    // Half of 12 px is enough context.
    expect(Buffer.compare(await run(picture, covered, host, 40), untiled)).toBe(0);
  });
});
