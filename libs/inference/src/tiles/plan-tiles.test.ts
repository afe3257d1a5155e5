import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planTiles, type Span } from "./plan-tiles.ts";

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
    return { ...rest, maxTilePx: (2 * haloUnits + 1) * rest.sizeMultiple + roomPx };
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
            expect(span.coreStart).toBe(next);
            expect(span.coreSize).toBeGreaterThan(0);
            next += span.coreSize;
          }
          expect(next).toBe(size);
        }
      }),
    );
  });

  test("gives each core its whole halo on every side that is not a border of the picture", () => {
    fc.assert(
      fc.property(cases, (options) => {
        for (const [spans, size] of axes(options)) {
          for (const span of spans) {
            const before = span.coreStart - span.inputStart;
            const after = span.inputStart + span.inputSize - span.coreStart - span.coreSize;
            expect(before >= options.haloPx || span.inputStart === 0).toBe(true);
            expect(after >= options.haloPx || span.inputStart + span.inputSize >= size).toBe(true);
          }
        }
      }),
    );
  });

  test("has inputs of one size, within the maximum, on the model's multiples, padded only up to the next multiple", () => {
    fc.assert(
      fc.property(cases, (options) => {
        for (const [spans, size] of axes(options)) {
          const inputs = new Set(spans.map((span) => span.inputSize));
          expect(inputs.size).toBe(1);
          for (const span of spans) {
            expect(span.inputSize).toBeLessThanOrEqual(options.maxTilePx);
            expect(span.inputSize % options.sizeMultiple).toBe(0);
            expect(span.inputStart % options.sizeMultiple).toBe(0);
            expect(span.inputStart).toBeGreaterThanOrEqual(0);
            expect(span.inputStart + span.inputSize).toBeLessThan(size + options.sizeMultiple);
          }
        }
      }),
    );
  });

  test("has no slivers: one tile less would not do", () => {
    fc.assert(
      fc.property(cases, (options) => {
        const unit = options.sizeMultiple;
        const longest = Math.floor(options.maxTilePx / unit);
        const halo = Math.ceil(options.haloPx / unit);
        for (const [spans, size] of axes(options)) {
          const reach = (count: number) => count * longest - 2 * halo * (count - 1);
          if (spans.length > 1) expect(reach(spans.length - 1)).toBeLessThan(Math.ceil(size / unit));
        }
      }),
    );
  });

  test("is one tile where the picture fits", () => {
    const plan = planTiles({ widthPx: 640, heightPx: 480, maxTilePx: 1024, haloPx: 34, sizeMultiple: 1 });
    expect(plan).toMatchObject({ count: 1, tileWidthPx: 640, tileHeightPx: 480 });
    expect(plan.columns).toEqual([{ inputStart: 0, inputSize: 640, coreStart: 0, coreSize: 640 }]);
  });

  test("splits 1920 px into two tiles of 994 for a halo of 34", () => {
    const { columns } = planTiles({ widthPx: 1920, heightPx: 1, maxTilePx: 1024, haloPx: 34, sizeMultiple: 1 });
    expect(columns).toEqual([
      { inputStart: 0, inputSize: 994, coreStart: 0, coreSize: 960 },
      { inputStart: 926, inputSize: 994, coreStart: 960, coreSize: 960 },
    ]);
  });

  test("refuses a tile that has no room beside its halos", () => {
    const plan = () => planTiles({ widthPx: 500, heightPx: 8, maxTilePx: 64, haloPx: 32, sizeMultiple: 1 });
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

  test("covers the region exactly once, and gives each core its halo from all of the picture", () => {
    fc.assert(
      fc.property(regions, (options) => {
        const { region, widthPx, heightPx, haloPx, maxTilePx, sizeMultiple } = options;
        const plan = planTiles(options);
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
            expect(inputSize).toBeLessThanOrEqual(maxTilePx);
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
