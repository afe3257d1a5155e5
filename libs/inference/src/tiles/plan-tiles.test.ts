import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planTiles, type Span } from "./plan-tiles.ts";
import { fitsTile } from "./tile-grid.ts";

const cases = fc
  .record({
    widthPx: fc.integer({ min: 1, max: 3_000 }),
    heightPx: fc.integer({ min: 1, max: 3_000 }),
    haloPx: fc.integer({ min: 0, max: 40 }),
    sizeMultiple: fc.constantFrom(1, 2, 4, 8),
    roomPx: fc.integer({ min: 1, max: 500 }),
  })
  .map(({ roomPx, ...rest }) => {
    const haloUnits = Math.ceil(rest.haloPx / rest.sizeMultiple);
    return { ...rest, tilePx: (2 * haloUnits + 1) * rest.sizeMultiple + roomPx };
  });

const axes = (options: Parameters<typeof planTiles>[0]): [readonly Span[], number][] => {
  const plan = planTiles(options);
  return [
    [plan.columns, options.widthPx],
    [plan.rows, options.heightPx],
  ];
};

describe("a tile plan", () => {
  test("covers every pixel exactly once, in order", () => {
    fc.assert(
      fc.property(cases, (options) => {
        for (const [spans, size] of axes(options)) {
          let next = 0;
          for (const span of spans) {
            // `expect` alone would take most of the test's time.
            if (span.coreStart !== next || span.coreSize <= 0) expect({ span, next }).toBe("next, and not empty");
            next += span.coreSize;
          }
          expect(next).toBe(size);
        }
      }),
    );
  });

  test("gives each core its whole halo on every side except at a border of the picture", () => {
    fc.assert(
      fc.property(cases, (options) => {
        for (const [spans, size] of axes(options)) {
          for (const span of spans) {
            const before = span.coreStart - span.inputStart;
            const after = span.inputStart + span.inputSize - span.coreStart - span.coreSize;
            const hasBefore = before >= options.haloPx || span.inputStart === 0;
            const hasAfter = after >= options.haloPx || span.inputStart + span.inputSize >= size;
            if (!hasBefore || !hasAfter) expect({ span, size }).toBe("with its whole halo");
          }
        }
      }),
    );
  });

  test("has inputs of one size, within the maximum, at size multiples, padded at most to the next multiple", () => {
    fc.assert(
      fc.property(cases, (options) => {
        const { tileWidthPx: widthPx, tileHeightPx: heightPx } = planTiles(options);
        expect(fitsTile({ widthPx, heightPx }, options.tilePx)).toBe(true);
        for (const [spans, size] of axes(options)) {
          const inputs = new Set(spans.map((span) => span.inputSize));
          expect(inputs.size).toBe(1);
          for (const span of spans) {
            const areMultiples = [span.inputSize, span.inputStart].every((px) => px % options.sizeMultiple === 0);
            const isInside = span.inputStart >= 0 && span.inputStart + span.inputSize < size + options.sizeMultiple;
            if (!areMultiples || !isInside) expect({ span, size }).toBe("at size multiples, and inside");
          }
        }
      }),
    );
  });

  test("is the cheapest of all allowed grids, by pixels and 2,048 more for each tile", () => {
    fc.assert(
      fc.property(cases, (options) => {
        const unit = options.sizeMultiple;
        const halo = Math.ceil(options.haloPx / unit);
        // The possible sides of inputs along an axis. A side that is not larger than the halos covers nothing.
        const sidesOf = (size: number) => {
          const length = Math.ceil(size / unit);
          const sides = [{ count: 1, side: length }];
          for (let side = 2 * halo + 1; side < length; side++)
            sides.push({ count: Math.ceil((length - 2 * halo) / (side - 2 * halo)), side });
          return sides;
        };
        const plan = planTiles(options);
        const cost = plan.count * (plan.tileWidthPx * plan.tileHeightPx + 2_048);
        const rows = sidesOf(options.heightPx);
        for (const column of sidesOf(options.widthPx)) {
          for (const row of rows) {
            const tile = { widthPx: column.side * unit, heightPx: row.side * unit };
            if (!fitsTile(tile, options.tilePx)) continue;
            const count = column.count * row.count;
            if (count * (tile.widthPx * tile.heightPx + 2_048) < cost) expect({ ...tile, count }).toEqual(plan);
          }
        }
      }),
      { numRuns: 40 },
    );
  });

  test("is one tile if the picture fits", () => {
    const plan = planTiles({ widthPx: 640, heightPx: 480, tilePx: 1024, haloPx: 34, sizeMultiple: 1 });
    expect(plan).toMatchObject({ count: 1, tileWidthPx: 640, tileHeightPx: 480 });
    expect(plan.columns).toEqual([{ inputStart: 0, inputSize: 640, coreStart: 0, coreSize: 640 }]);
  });

  test("cuts 1920×1080 into two halves of 994×1080 for a halo of 34 if their pixels are allowed, else into three", () => {
    const cut = (tilePx: number) => planTiles({ widthPx: 1920, heightPx: 1080, tilePx, haloPx: 34, sizeMultiple: 1 });
    const { columns, rows } = cut(1280);
    expect(rows).toEqual([{ inputStart: 0, inputSize: 1080, coreStart: 0, coreSize: 1080 }]);
    expect(columns).toEqual([
      { inputStart: 0, inputSize: 994, coreStart: 0, coreSize: 960 },
      { inputStart: 926, inputSize: 994, coreStart: 960, coreSize: 960 },
    ]);
    expect(cut(1024)).toMatchObject({ count: 3, tileWidthPx: 686, tileHeightPx: 1080 });
  });

  test("has no side longer than twice the square's, also for thin pictures", () => {
    const plan = planTiles({ widthPx: 3, heightPx: 9_000, tilePx: 512, haloPx: 10, sizeMultiple: 1 });
    expect(plan).toMatchObject({ count: 9, tileWidthPx: 3 });
    expect(plan.tileHeightPx).toBeLessThanOrEqual(1024);
  });

  test("refuses a tile that is not larger than its halos", () => {
    const plan = () => planTiles({ widthPx: 500, heightPx: 500, tilePx: 64, haloPx: 32, sizeMultiple: 1 });
    expect(plan).toThrow("Expected `tile_px` to be more than twice the halo of 32 px, got `64`");
  });
});

describe("a plan of a region", () => {
  const regions = cases.chain((options) =>
    fc
      .record({
        left: fc.integer({ min: 0, max: options.widthPx - 1 }),
        top: fc.integer({ min: 0, max: options.heightPx - 1 }),
        share: fc.double({ min: 0, max: 1, noNaN: true }),
      })
      .map(({ left, top, share }) => ({
        ...options,
        region: {
          left,
          top,
          widthPx: 1 + Math.floor(share * (options.widthPx - left - 1)),
          heightPx: 1 + Math.floor(share * (options.heightPx - top - 1)),
        },
      })),
  );

  test("covers the region exactly once, and gives each core its halo from the whole picture", () => {
    fc.assert(
      fc.property(regions, (options) => {
        const { region, widthPx, heightPx, haloPx, tilePx, sizeMultiple } = options;
        const plan = planTiles(options);
        expect(fitsTile({ widthPx: plan.tileWidthPx, heightPx: plan.tileHeightPx }, tilePx)).toBe(true);
        const sides: [readonly Span[], number, number, number][] = [
          [plan.columns, region.left, region.widthPx, widthPx],
          [plan.rows, region.top, region.heightPx, heightPx],
        ];
        for (const [spans, from, length, size] of sides) {
          let next = from;
          for (const { inputStart, inputSize, coreStart, coreSize } of spans) {
            expect(coreStart).toBe(next);
            expect(coreSize).toBeGreaterThan(0);
            next += coreSize;
            expect(inputSize).toBe(spans === plan.columns ? plan.tileWidthPx : plan.tileHeightPx);
            expect(inputStart % sizeMultiple).toBe(0);
            expect(inputStart).toBeGreaterThanOrEqual(0);
            expect(inputStart + inputSize).toBeLessThan(size + sizeMultiple);
            expect(coreStart - inputStart >= haloPx || inputStart === 0).toBe(true);
            const after = inputStart + inputSize - coreStart - coreSize;
            expect(after >= haloPx || inputStart + inputSize >= size).toBe(true);
          }
          expect(next).toBe(from + length);
        }
      }),
    );
  });
});
