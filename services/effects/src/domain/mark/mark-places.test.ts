import fc from "fast-check";
import { expect, test } from "vitest";
import { gravities } from "../composition/gravity.ts";
import { createPlaces, type Places, turnedBox } from "./mark-places.ts";

const one: Places = {
  picture: { widthPx: 60, heightPx: 40 },
  mark: { widthPx: 10, heightPx: 4 },
  degrees: 0,
  position: "top_left",
  marginPx: 3,
  gapPx: undefined,
  reachPx: 0,
};

/** The pixels under marks: how many marks cover each, and its place in the last one. */
function coverOf(places: Places): Map<string, (readonly [u: number, v: number])[]> {
  const piecesAt = createPlaces(places);
  const turn = (places.degrees * Math.PI) / 180;
  const found = new Map<string, (readonly [number, number])[]>();
  for (let y = 0; y < places.picture.heightPx; y++)
    for (const { x, count, u, v } of piecesAt(y)) {
      expect(x).toBeGreaterThanOrEqual(0);
      expect(x + count).toBeLessThanOrEqual(places.picture.widthPx);
      for (let i = 0; i < count; i++) {
        const key = `${x + i},${y}`;
        const at = [u + i * Math.cos(turn), v - i * Math.sin(turn)] as const;
        found.set(key, [...(found.get(key) ?? []), at]);
      }
    }
  return found;
}

test.each([
  ["top_left", 3, 3],
  ["top", 25, 3],
  ["center", 25, 18],
  ["right", 47, 18],
  ["bottom_right", 47, 33],
] as const)("a mark at %s begins at %i, %i", (position, left, top) => {
  const cover = coverOf({ ...one, position });
  expect(cover.size).toBe(40);
  expect(cover.get(`${left},${top}`)).toEqual([[0.5, 0.5]]);
  expect(cover.get(`${left + 9},${top + 3}`)).toEqual([[9.5, 3.5]]);
});

test("a mark turned by quarters lies in whole pixels, clockwise", () => {
  const cover = coverOf({ ...one, degrees: 90 });
  expect(cover.size).toBe(40);
  // Its top left pixel is at the top right.
  const [u, v] = cover.get("6,3")![0]!;
  expect([u, v]).toEqual([expect.closeTo(0.5, 9), expect.closeTo(0.5, 9)]);
  expect(turnedBox(one.mark, -90)).toEqual({ widthPx: 4, heightPx: 10 });
});

/** Tries each mark of the grid on each pixel. */
function bruteForce({ picture, mark, degrees, position, marginPx, gapPx = 0, reachPx }: Places) {
  const turn = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(turn), Math.sin(turn)];
  const [boxX, boxY] = [
    mark.widthPx * Math.abs(cos) + mark.heightPx * Math.abs(sin),
    mark.widthPx * Math.abs(sin) + mark.heightPx * Math.abs(cos),
  ];
  const place = (side: number, boxPx: number, start: string, end: string) => {
    if (position.includes(start)) return marginPx + boxPx / 2;
    return position.includes(end) ? side - marginPx - boxPx / 2 : side / 2;
  };
  const anchor = [
    place(picture.widthPx, boxX, "left", "right"),
    place(picture.heightPx, boxY, "top", "bottom"),
  ] as const;
  const counts = new Map<string, number>();
  for (let y = 0; y < picture.heightPx; y++)
    for (let x = 0; x < picture.widthPx; x++) {
      const [right, down] = [x + 0.5 - anchor[0], y + 0.5 - anchor[1]];
      const [along, across] = [cos * right + sin * down, cos * down - sin * right];
      for (let line = -60; line <= 60; line++)
        for (let at = -60; at <= 60; at++) {
          const u = along - (at + (line % 2 === 0 ? 0 : 0.5)) * (mark.widthPx + gapPx);
          const v = across - line * (mark.heightPx + gapPx);
          if (Math.abs(u) > mark.widthPx / 2 + reachPx || Math.abs(v) > mark.heightPx / 2 + reachPx) continue;
          counts.set(`${x},${y}`, (counts.get(`${x},${y}`) ?? 0) + 1);
        }
    }
  return counts;
}

test("a grid has its marks where each of them alone would lie", () => {
  const places = fc.record({
    picture: fc.record({ widthPx: fc.integer({ min: 1, max: 24 }), heightPx: fc.integer({ min: 1, max: 24 }) }),
    mark: fc.record({ widthPx: fc.integer({ min: 1, max: 12 }), heightPx: fc.integer({ min: 1, max: 9 }) }),
    degrees: fc.double({ min: -179.3, max: 179.3, noNaN: true }).filter((angle) => Math.abs(angle % 90) > 0.01),
    position: fc.constantFrom(...gravities),
    marginPx: fc.double({ min: 0, max: 4, noNaN: true }),
    gapPx: fc.double({ min: 0.5, max: 9, noNaN: true }),
    reachPx: fc.constantFrom(0, 2),
  });
  fc.assert(
    fc.property(places, (given) => {
      const counts = new Map([...coverOf(given)].map(([key, all]) => [key, all.length]));
      expect(counts).toEqual(bruteForce(given));
    }),
    { numRuns: 40 },
  );
});

test("upright marks of a grid begin at whole pixels and are as far apart as asked, to half a pixel", () => {
  const cover = coverOf({ ...one, gapPx: 2.4 });
  for (const [[u, v] = [0, 0], ...others] of cover.values()) {
    expect(others).toEqual([]);
    expect([u % 1, v % 1]).toEqual([0.5, 0.5]);
  }
  const lefts = [...Array(60).keys()].filter((x) => cover.get(`${x},3`)?.[0]?.[0] === 0.5);
  expect(lefts).toEqual([3, 15, 28, 40, 53]);
});
