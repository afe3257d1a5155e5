import fc from "fast-check";
import { expect, test } from "vitest";
import { createValues, noPause } from "../../../test/pictures.ts";
import type { Plane } from "../planes/plane.ts";
import { cleanMatte } from "./clean-matte.ts";

/** Draws a matte: each character is its value in tenths, `#` is 1 and `.` is 0. */
function draw(...rows: string[]): Plane {
  const values = rows.join("");
  const size = { widthPx: rows[0]?.length ?? 0, heightPx: rows.length };
  const tenthsOf = (letter = ".") => (letter === "#" ? 1 : letter === "." ? 0 : Number(letter) / 10);
  return createValues(size, (x, y) => tenthsOf(values[y * size.widthPx + x]));
}

const none = { fillHoles: false, minIsland: 0 };
const close = (plane: Plane, wanted: Plane) =>
  plane.data.forEach((value, at) => {
    expect(value, `${at % plane.widthPx},${Math.floor(at / plane.widthPx)}`).toBeCloseTo(wanted.data[at] as number, 6);
  });

test("a hole becomes object with its soft rim, and the outer rim stays", async () => {
  const matte = draw(
    "..........",
    ".33333333.",
    ".38888883.",
    ".3######3.",
    ".3#7117#3.",
    ".3#7..7#3.",
    ".3######3.",
    ".33333333.",
    "..........",
  );
  const wanted = draw(
    "..........",
    ".33333333.",
    ".38888883.",
    ".3######3.",
    ".3######3.",
    ".3######3.",
    ".3######3.",
    ".33333333.",
    "..........",
  );
  close(await cleanMatte(matte, { ...none, fillHoles: true }, noPause), wanted);
});

test("background that reaches the border is no hole, nor is one that touches it at a corner only within", async () => {
  const bay = draw("#####", "#...#", "#.#.#", "#...#", "##.##");
  close(await cleanMatte(bay, { ...none, fillHoles: true }, noPause), bay);
  // Background pixels that touch at corners only are apart, because the object between them is connected.
  const corner = draw("#####", "#.###", "##.##", "###.#", "####.");
  const wanted = draw("#####", "#####", "#####", "#####", "####.");
  close(await cleanMatte(corner, { ...none, fillHoles: true }, noPause), wanted);
});

test("parts below a share of the area go with their rims, larger ones stay", async () => {
  const matte = draw("##..2.....", "##.282..#.", "##..2.....", "##......3.", "##.......#");
  // 10 pixels of 50 are a fifth; the star in the middle has an area of 1.6, the one with a corner of 1.3, the dot of 1.
  const kept = draw("##........", "##........", "##........", "##........", "##........");
  close(await cleanMatte(matte, { ...none, minIsland: 0.04 }, noPause), kept);
  const withStar = draw("##..2.....", "##.282....", "##..2.....", "##........", "##........");
  close(await cleanMatte(matte, { ...none, minIsland: 0.03 }, noPause), withStar);
  close(await cleanMatte(matte, { ...none, minIsland: 0.01 }, noPause), matte);
  expect((await cleanMatte(matte, { ...none, minIsland: 0.5 }, noPause)).data.every((value) => value === 0)).toBe(true);
});

/** Fills from a pixel by its neighbours, one at a time: the slow way. */
function floodFill(
  { widthPx, heightPx }: Plane,
  start: number,
  isIn: (at: number) => boolean,
  corners: boolean,
): Set<number> {
  const seen = new Set([start]);
  const queue = [start];
  for (const at of queue) {
    const [x, y] = [at % widthPx, Math.floor(at / widthPx)];
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        if (!corners && dx !== 0 && dy !== 0) continue;
        const [nx, ny] = [x + dx, y + dy];
        const near = ny * widthPx + nx;
        if (nx < 0 || ny < 0 || nx >= widthPx || ny >= heightPx || seen.has(near) || !isIn(near)) continue;
        seen.add(near);
        queue.push(near);
      }
    }
  }
  return seen;
}

test("hard mattes are cleaned as by a flood fill from each pixel", async () => {
  const cells = fc.array(fc.boolean(), { minLength: 108, maxLength: 108 });
  await fc.assert(
    fc.asyncProperty(cells, fc.integer({ min: 1, max: 20 }), async (bits, least) => {
      const matte = createValues({ widthPx: 12, heightPx: 9 }, (x, y) => (bits[y * 12 + x] ? 1 : 0));
      const isObject = (at: number) => bits[at] === true;
      const kept = await cleanMatte(matte, { ...none, minIsland: (least - 0.5) / 108 }, noPause);
      const filled = await cleanMatte(matte, { ...none, fillHoles: true }, noPause);
      for (let at = 0; at < 108; at++) {
        if (isObject(at)) {
          expect(kept.data[at]).toBe(floodFill(matte, at, isObject, true).size >= least ? 1 : 0);
          expect(filled.data[at]).toBe(1);
          continue;
        }
        const background = floodFill(matte, at, (near) => !isObject(near), false);
        const reaches = [...background].some((near) => near % 12 === 0 || near % 12 === 11 || near < 12 || near >= 96);
        expect(kept.data[at]).toBe(0);
        expect(filled.data[at]).toBe(reaches ? 0 : 1);
      }
    }),
    { numRuns: 100 },
  );
});

test("the given matte is left as it is", async () => {
  const matte = draw("###", "#.#", "###");
  await cleanMatte(matte, { fillHoles: true, minIsland: 0.5 }, noPause);
  expect(matte.data[4]).toBe(0);
});
