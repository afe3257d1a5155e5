import fc from "fast-check";
import { expect, test } from "vitest";
import { diffusions } from "../../src/domain/dither/diffusions.ts";
import { createDiffusion } from "./error-diffusion.ts";
import { createNearestLevel } from "./tones.ts";

type Picture = { width: number; height: number; values: number[]; levels: number };

const pictures = fc
  .record({
    width: fc.integer({ min: 1, max: 12 }),
    height: fc.integer({ min: 1, max: 12 }),
    levels: fc.integer({ min: 2, max: 16 }),
  })
  .chain(({ width, height, levels }) =>
    fc
      .array(fc.integer({ min: 0, max: 255 }), { minLength: width * height, maxLength: width * height })
      .map((values): Picture => ({ width, height, levels, values: values.map((value) => Math.fround(value / 255)) })),
  );

function diffuse(picture: Picture, method: keyof typeof diffusions, serpentine: boolean, strength = 1): number[] {
  const { width, height, values } = picture;
  const levels = Float64Array.from({ length: picture.levels }, (_, i) => i / (picture.levels - 1));
  const tones = { levels, nearest: createNearestLevel(levels), planes: 1 as const };
  const quantize = createDiffusion(width, tones, { taps: diffusions[method], strength, serpentine });
  const out: number[] = [];
  for (let y = 0; y < height; y++) {
    const indices = new Uint8Array(width);
    quantize(Float32Array.from(values.slice(y * width, (y + 1) * width)), y, indices, () => 1);
    out.push(...indices);
  }
  return out;
}

// The textbook algorithm: changes the picture in place, pixel by pixel.
function textbook(
  { width, height, values, levels }: Picture,
  taps: readonly (readonly [number, number, number])[],
  serpentine: boolean,
): number[] {
  const plane = values.map((value) => value);
  const out = new Array<number>(plane.length).fill(0);
  for (let y = 0; y < height; y++) {
    const back = serpentine && y % 2 === 1;
    for (let step = 0; step < width; step++) {
      const x = back ? width - 1 - step : step;
      const old = plane[y * width + x]!;
      const index = Math.min(levels - 1, Math.max(0, Math.floor(old * (levels - 1) + 0.5)));
      out[y * width + x] = index;
      const error = old - index / (levels - 1);
      for (const [dx, dy, share] of taps) {
        const tx = back ? x - dx : x + dx;
        if (tx < 0 || tx >= width || y + dy >= height) continue;
        plane[(y + dy) * width + tx]! += error * share;
      }
    }
  }
  return out;
}

// Shares copied again from the papers, to reveal mistakes in the table.
const floydSteinberg = [
  [1, 0, 7 / 16],
  [-1, 1, 3 / 16],
  [0, 1, 5 / 16],
  [1, 1, 1 / 16],
] as const;
const jarvis = [
  [1, 0, 7 / 48],
  [2, 0, 5 / 48],
  [-2, 1, 3 / 48],
  [-1, 1, 5 / 48],
  [0, 1, 7 / 48],
  [1, 1, 5 / 48],
  [2, 1, 3 / 48],
  [-2, 2, 1 / 48],
  [-1, 2, 3 / 48],
  [0, 2, 5 / 48],
  [1, 2, 3 / 48],
  [2, 2, 1 / 48],
] as const;

test("Floyd–Steinberg agrees with the textbook algorithm, in either direction", () => {
  fc.assert(
    fc.property(pictures, fc.boolean(), (picture, serpentine) => {
      expect(diffuse(picture, "floyd_steinberg", serpentine)).toEqual(textbook(picture, floydSteinberg, serpentine));
    }),
    { numRuns: 300 },
  );
});

test("Jarvis–Judice–Ninke agrees with the textbook algorithm", () => {
  fc.assert(
    fc.property(pictures, fc.boolean(), (picture, serpentine) => {
      expect(diffuse(picture, "jarvis", serpentine)).toEqual(textbook(picture, jarvis, serpentine));
    }),
    { numRuns: 200 },
  );
});

// The published arrays, as printed: rows of integers over a divisor; the pixel itself is the third of the first row.
const published = {
  // MECCA (1981).
  stucki: [42, [0, 0, 0, 8, 4], [2, 4, 8, 4, 2], [1, 2, 4, 2, 1]],
  // Burkes (1988).
  burkes: [32, [0, 0, 0, 8, 4], [2, 4, 8, 4, 2], []],
  // Sierra (1989 and 1990), in L. Crocker's DITHER.TXT.
  sierra: [32, [0, 0, 0, 5, 3], [2, 4, 5, 4, 2], [0, 2, 3, 2, 0]],
  sierra_two_row: [16, [0, 0, 0, 4, 3], [1, 2, 3, 2, 1], []],
  sierra_lite: [4, [0, 0, 0, 2, 0], [0, 1, 1, 0, 0], []],
} as const;

test.each(Object.keys(published) as (keyof typeof published)[])("%s agrees with the textbook algorithm", (method) => {
  const [divisor, ...rows] = published[method];
  const taps = rows.flatMap((row, down) =>
    row.map((weight, column) => [column - 2, down, weight / divisor] as const).filter(([, , share]) => share > 0),
  );
  fc.assert(
    fc.property(pictures, fc.boolean(), (picture, serpentine) => {
      expect(diffuse(picture, method, serpentine)).toEqual(textbook(picture, taps, serpentine));
    }),
    { numRuns: 100 },
  );
});

test("shares add up to one, and to six eighths for Atkinson", () => {
  const sum = (method: keyof typeof diffusions) => diffusions[method].reduce((total, [, , share]) => total + share, 0);
  const others = Object.keys(diffusions).filter((name) => name !== "atkinson") as (keyof typeof diffusions)[];
  expect(others).toHaveLength(7);
  for (const method of others) expect(sum(method)).toBeCloseTo(1, 12);
  expect(sum("atkinson")).toBeCloseTo(0.75, 12);
});

test("without strength every tone takes its nearest level", () => {
  fc.assert(
    fc.property(pictures, (picture) => {
      const nearest = picture.values.map((value) => Math.floor(value * (picture.levels - 1) + 0.5));
      expect(diffuse(picture, "floyd_steinberg", true, 0)).toEqual(nearest);
    }),
  );
});

test("a transparent pixel passes no error on", () => {
  const levels = Float64Array.of(0, 1);
  const tones = { levels, nearest: createNearestLevel(levels), planes: 1 as const };
  const quantize = createDiffusion(2, tones, { taps: diffusions.floyd_steinberg, strength: 1, serpentine: false });
  const indices = new Uint8Array(2);
  // 0.4 becomes 0; its error would raise its neighbour above a half.
  quantize(Float32Array.of(0.4, 0.4), 0, indices, (x) => (x === 0 ? 0 : 1));
  expect([...indices]).toEqual([0, 0]);
});
