import type { Frame } from "@pixelmesh/imaging";
import sharp from "sharp";
import { expect, test } from "vitest";
import { checkMemory } from "../../../test/check-memory.ts";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { farthest, toRgba } from "../../../test/reference/planes.ts";
import { shadowReference } from "../../../test/reference/shadow.ts";
import { strokeReference } from "../../../test/reference/stroke.ts";
import { parseEffect, parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

type Settings = Record<string, number | string | boolean>;

const noMargins = { left: 0, right: 0, top: 0, bottom: 0 };

function apply(frame: Frame, settings: Settings): Promise<Frame> {
  return applyChain(frame, parseEffects([toEffect("shadow", settings)]));
}

/** Returns a picture that is transparent but for a disc with a smooth edge, of one colour. */
function createDisc(sidePx: number, radiusPx: number, color: readonly number[] = [200, 60, 20]): Frame {
  const frame = createFlat(sidePx, sidePx, [...color, 0]);
  for (let i = 0; i < sidePx * sidePx; i++) {
    const distance = Math.hypot((i % sidePx) - (sidePx - 1) / 2, Math.floor(i / sidePx) - (sidePx - 1) / 2);
    frame.data[i * 4 + 3] = 255 * Math.min(1, Math.max(0, radiusPx + 0.5 - distance));
  }
  return frame;
}

const cases = [
  { set: { blur: 0, distance: 0, expand: false }, right: 0, down: 0, margins: noMargins },
  { set: { blur: 0, distance: 3, angle: 0, expand: false }, right: 3, down: 0, margins: noMargins },
  { set: { blur: 0, distance: 5, angle: 90 }, right: 0, down: -5, margins: { ...noMargins, top: 5 } },
  {
    set: { blur: 3.2, distance: 9, angle: 180 },
    right: -9,
    down: 0,
    margins: { left: 14, right: 0, top: 5, bottom: 5 },
  },
  { set: { blur: 1, spread: 2.5, distance: 0 }, right: 0, down: 0, margins: { left: 4, right: 4, top: 4, bottom: 4 } },
  {
    set: { blur: 7, spread: 1, distance: 8, angle: 315, opacity: 80, color: "#2040c0" },
    ...{ right: 6, down: 6, margins: { left: 6, right: 18, top: 6, bottom: 18 } },
  },
  { set: { blur: 11, spread: 0.4, distance: 20, angle: 250, expand: false }, right: -7, down: 19, margins: noMargins },
  {
    set: { blur: 5, distance: 40, angle: 270, opacity: 100, color: "#ff0000" },
    ...{ right: 0, down: 40, margins: { left: 8, right: 8, top: 0, bottom: 48 } },
  },
] as const;

test.each([
  [1, 1],
  [1, 17],
  [17, 1],
  [23, 14],
])("the result on %i×%i is that of the reference", async (width, height) => {
  for (const channels of [1, 2, 3, 4] as const) {
    const picture = createPicture(width, height, channels);
    for (const { set, ...place } of cases) {
      const given: Settings = set;
      const { opacity = 50, spread = 0, blur, color = "#000000" } = given;
      const wanted = shadowReference(toRgba(picture), {
        ...place,
        opacity: Number(opacity) / 100,
        blur: Number(blur),
        spread: Number(spread),
        color: [1, 3, 5].map((at) => Number.parseInt(String(color).slice(at, at + 2), 16) / 255),
      });
      const result = await apply(picture, given);
      const label = `${channels} ${JSON.stringify(given)}`;
      expect([result.widthPx, result.heightPx], label).toEqual([wanted.widthPx, wanted.heightPx]);
      expect(result.channels, label).toBe(given.expand === false && channels % 2 === 1 ? 3 : 4);
      // Half a level of rounding, and less than a hundredth from curves and sums.
      expect(farthest(result, wanted), label).toBeLessThan(0.51);
    }
  }
});

test.each([2, 4, 10, 30])("a blur of %i px is that of libvips", async (blur) => {
  const side = 160;
  const disc = createDisc(side, 30);
  const alpha = Buffer.from(disc.data.filter((_, i) => i % 4 === 3));
  const wanted = await sharp(alpha, { raw: { width: side, height: side, channels: 1 } })
    .blur({ sigma: blur / 2, minAmplitude: 0.001, precision: "float" })
    .extractChannel(0)
    .raw()
    .toBuffer();
  // Moved beside the disc, the shadow is not hidden.
  const result = await apply(disc, { blur, distance: 80, angle: 0, opacity: 100, color: "#102030" });
  const margin = Math.ceil(1.5 * blur);
  expect([result.widthPx, result.heightPx]).toEqual([side + 80 + margin, side + 2 * margin]);
  const pixels = toPixels(result);
  let most = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 80; x < side; x++) {
      const pixel = pixels[(y + margin) * result.widthPx + x + 80]!;
      most = Math.max(most, Math.abs(pixel[3]! - wanted[y * side + x]!));
      if (pixel[3]! > 0) expect(pixel.slice(0, 3)).toEqual([0x10, 0x20, 0x30]);
    }
  }
  // libvips cuts its mask at a thousandth of its height, and both round. Above a standard deviation of 2 px, the rest are the three boxes.
  expect(most).toBeLessThan(blur <= 4 ? 2 : 4);
});

test("the object stays as it is, and only the shadow's colour is added to the light around it", async () => {
  const picture = createDisc(60, 15, [255, 255, 255]);
  const result = toPixels(await apply(picture, { expand: false, color: "#ff0000", opacity: 100 }));
  toPixels(picture).forEach((pixel, i) => {
    const [red, green, blue, alpha] = result[i]!;
    if (pixel[3] === 255) expect(result[i]).toEqual(pixel);
    else expect(alpha).toBeGreaterThanOrEqual(pixel[3]!);
    // White over red: full red, and the same green and blue.
    if (alpha! > 0) expect([red, green === blue]).toEqual([255, true]);
    if (pixel[3] === 0 && alpha! > 0) expect(green).toBe(0);
  });
});

test("a grown canvas cuts off less of the shadow than a step of 8 bits", async () => {
  const flat = createFlat(40, 40, [255, 255, 255, 255]);
  for (const settings of [
    { blur: 4, distance: 0 },
    { blur: 20, distance: 10, angle: 200 },
    { blur: 9, distance: 30, angle: 45, spread: 7.3 },
    { blur: 0, distance: 12, angle: 100, spread: 2 },
  ]) {
    const wide = createFlat(340, 340, [0, 0, 0, 0]);
    for (let y = 150; y < 190; y++) wide.data.fill(255, (y * 340 + 150) * 4, (y * 340 + 190) * 4);
    const whole = await apply(wide, { ...settings, opacity: 100, expand: false });
    const visible = whole.data.filter((value, i) => i % 4 === 3 && value > 0).length;
    const grown = await apply(flat, { ...settings, opacity: 100 });
    expect(grown.data.filter((value, i) => i % 4 === 3 && value > 0).length).toBe(visible);
  }
});

test("an opaque picture hides a shadow within its edges", async () => {
  for (const channels of [1, 3] as const) {
    const picture = createPicture(31, 22, channels);
    const plain = await applyChain(picture, []);
    const result = await apply(picture, { expand: false, distance: 9, spread: 4 });
    expect(result.channels).toBe(3);
    expect(Buffer.compare(result.data, plain.data)).toBe(0);
  }
});

test("no opacity and a transparent picture give no shadow", async () => {
  const picture = createDisc(30, 9);
  expect(Buffer.compare((await apply(picture, { opacity: 0, expand: false })).data, picture.data)).toBe(0);
  const empty = createFlat(20, 20, [255, 255, 255, 0]);
  const result = await apply(empty, { opacity: 100 });
  expect(result.data.filter((value, i) => i % 4 === 3 && value > 0)).toHaveLength(0);
});

test.each(["blur", "spread"])("the shadow's alpha changes without a jump with %s", async (name) => {
  const disc = createDisc(60, 14);
  const alphaOf = async (length: number) => {
    const result = await apply(disc, { blur: 0, distance: 0, opacity: 100, expand: false, [name]: length });
    return toPixels(result).map((pixel) => pixel[3]!);
  };
  let last = await alphaOf(0);
  for (let step = 1; step <= 60; step++) {
    const next = await alphaOf(step / 10);
    expect(Math.max(...next.map((alpha, i) => Math.abs(alpha - last[i]!)))).toBeLessThanOrEqual(26);
    last = next;
  }
});

test("a shrunk picture has the margins of the full result, shrunk", () => {
  const full = { widthPx: 1_600, heightPx: 1_200, channels: 4 } as const;
  const effect = parseEffect(toEffect("shadow", { blur: 40, distance: 60, angle: 300, spread: 10 }));
  const whole = effect.work.resultShape(full);
  const small = effect.atScale(0.25).work.resultShape({ widthPx: 400, heightPx: 300, channels: 4 });
  expect(Math.abs(small.widthPx - whole.widthPx / 4)).toBeLessThan(2);
  expect(Math.abs(small.heightPx - whole.heightPx / 4)).toBeLessThan(2);
});

test("after and before another effect, it is that of the floats between them", async () => {
  const picture = createPicture(21, 17, 4);
  const stroke = { width: 2.5, color: [1, 1, 1], opacity: 1, position: "outside", marginPx: 3 } as const;
  const place = { right: 4, down: 0, margins: { left: 2, right: 10, top: 6, bottom: 6 } };
  const cast = { ...place, color: [0, 0, 1], opacity: 0.7, blur: 3, spread: 1 };
  const effects = [
    toEffect("outline", { width: 2.5 }),
    toEffect("shadow", { blur: 3, spread: 1, distance: 4, angle: 0, opacity: 70, color: "#0000ff" }),
  ];
  const bordered = shadowReference(strokeReference(toRgba(picture), stroke), cast);
  expect(farthest(await applyChain(picture, parseEffects(effects)), bordered)).toBeLessThan(0.51);
  const shaded = strokeReference(shadowReference(toRgba(picture), cast), stroke);
  expect(farthest(await applyChain(picture, parseEffects(effects.toReversed())), shaded)).toBeLessThan(0.51);
});

test("the memory is what the effect declares: at most 6 KiB for each column of a large canvas, for any height", async () => {
  const longest = { blur: 96, distance: 80, spread: 24 };
  for (const settings of [
    {},
    { blur: 0, distance: 0 },
    { blur: 3, spread: 0.3, angle: 0 },
    { ...longest, angle: 90 },
    { ...longest, angle: 270 },
    { ...longest, angle: 180, expand: false },
  ])
    await checkMemory("shadow", settings, 6 * 1_024);
});
