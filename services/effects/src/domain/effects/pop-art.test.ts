import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { stageOf } from "../../../test/stage-of.ts";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";
import { toLightness, toLinear } from "../color/color.ts";

async function pop(frame: ReturnType<typeof createPicture>, settings: Record<string, number | string>) {
  return toPixels(await applyChain(frame, parseEffects([toEffect("pop_art", settings)])));
}

const flat = { dot_size: 0, outline: 0 };
const distinct = (pixels: number[][]) => new Set(pixels.map((pixel) => pixel.join())).size;

test("without dots and outlines there are as many colours as levels", async () => {
  for (const levels of [2, 4, 12]) {
    expect(await pop(createPicture(64, 48, 3), { ...flat, levels }).then(distinct)).toBeLessThanOrEqual(levels);
    const ramp = createFlat(256, 1, [0, 0, 0]);
    for (let x = 0; x < 256; x++) ramp.data.fill(x, x * 3, x * 3 + 3);
    expect(await pop(ramp, { ...flat, levels }).then(distinct)).toBe(levels);
  }
});

test("the original palette posterises each channel", async () => {
  const pixels = await pop(createPicture(64, 48, 3), { ...flat, palette: "original", levels: 3 });
  expect(pixels.flat().every((value) => [0, 128, 255].includes(value))).toBe(true);
});

test("black dots on white cover the complement of the picture's lightness", async () => {
  for (const grey of [40, 119, 220]) {
    const pixels = await pop(createFlat(160, 160, [grey, grey, grey]), {
      palette: "mono",
      levels: 2,
      outline: 0,
      dot_size: 10,
    });
    const mean = pixels.reduce((sum, [value]) => sum + value! / 255, 0) / pixels.length;
    expect(mean).toBeCloseTo(toLightness(toLinear(grey / 255)), 1);
  }
});

test("black stays black and white stays white, with and without dots", async () => {
  for (const dots of [0, 8]) {
    const settings = { palette: "mono", dot_size: dots };
    expect(
      await pop(createFlat(16, 16, [0, 0, 0]), settings).then((pixels) => pixels.flat().every((value) => value === 0)),
    ).toBe(true);
    expect(
      await pop(createFlat(16, 16, [255, 255, 255]), settings).then((pixels) =>
        pixels.flat().every((value) => value === 255),
      ),
    ).toBe(true);
  }
});

test("without saturation the result is grey", async () => {
  for (const palette of ["comic", "original"]) {
    // The three channels of the original palette have different screens; without dots they agree.
    const pixels = await pop(createPicture(64, 48, 3), { ...flat, palette, saturation: 0 });
    for (const [r, g, b] of pixels) expect(Math.max(Math.abs(r! - g!), Math.abs(g! - b!))).toBeLessThanOrEqual(1);
  }
});

test("outlines run along edges", async () => {
  const picture = createFlat(40, 20, [230, 230, 230]);
  for (let y = 0; y < 20; y++) picture.data.fill(60, y * 120, y * 120 + 60);
  const row = (await pop(picture, { palette: "mono", levels: 12, dot_size: 0, outline: 100 })).slice(400, 440);
  const lightness = row.map(([value]) => value!);
  expect(Math.min(...lightness)).toBe(0);
  expect(lightness.indexOf(0)).toBeGreaterThanOrEqual(18);
  expect(lightness.lastIndexOf(0)).toBeLessThanOrEqual(21);
});

test("a table of two inks may lie at the end of the memory", async () => {
  const space = openKernelSpace();
  const memoryEnd = space.bytes(0, 1).buffer.byteLength;
  const shape = { widthPx: 16, heightPx: 1, channels: 3 } as const;
  const [row, out] = [space.allocate(48), space.allocate(48)];
  space.bytes(row, 24).fill(255);
  // Each allocation is followed by 64 bytes.
  const slack = 64;
  const moved: number[] = [];
  const full: typeof space = {
    ...space,
    constant(table) {
      if (!(table instanceof Uint8Array)) return space.constant(table);
      const next = space.allocate(0) + slack;
      const needed = Math.ceil((table.byteLength + slack) / 16) * 16;
      space.allocate(memoryEnd - next - needed - slack);
      const address = space.constant(table);
      moved.push(memoryEnd - address - needed);
      return address;
    },
  };
  const [effect] = parseEffects([toEffect("pop_art", { ...flat, levels: 2, palette: "mono" })]);
  const stage = (await stageOf(effect!, full, shape))(
    { space: full, shape, from: "bytes", to: "bytes" },
    { place: () => out, emit() {} },
  );
  stage.push(row);
  expect(moved).toEqual([0]);
  expect(space.bytes(0, 1).buffer.byteLength).toBe(memoryEnd);
  expect([...space.bytes(out, 48)]).toEqual(Array.from({ length: 48 }, (_, i) => (i < 24 ? 255 : 0)));
  space.close();
});
