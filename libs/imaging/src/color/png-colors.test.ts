import { expect, test } from "vitest";
import { adobeRgb, bt709, decodeSrgb, displayP3, type Points, toSrgb } from "../../test/expected-colors.ts";
import { chrm, gama, iccp, middlesOf, patchAlphas, patchColors, patchGreys, patchPng } from "../../test/patches.ts";
import { decodePicture } from "../decode/decode.ts";
import { sharp } from "../engine/engine.ts";
import { defaultLimits } from "../limits.ts";
import { powerTransfer } from "./transfer.ts";
import { writeGreyProfile } from "./write-icc.ts";

const d65 = [0.3127, 0.329] as const;
const srgbChunk = ["sRGB", Uint8Array.of(0)] as const;
const cicp = (...points: number[]) => ["cICP", Uint8Array.from(points)] as const;
const linear = (v: number) => v;

async function decode(file: Uint8Array) {
  const { frame, notices } = await decodePicture(file, defaultLimits);
  return {
    middles: middlesOf(frame),
    channels: frame.channels,
    notices: notices.map(({ kind, text }) => `${kind}: ${text}`),
  };
}

async function profileOf(name: string): Promise<Uint8Array> {
  const file = await sharp({ create: { width: 1, height: 1, channels: 3, background: "red" } })
    .withIccProfile(name)
    .png()
    .toBuffer();
  return (await sharp(file).metadata()).icc as Uint8Array;
}

function expectNear(got: readonly (readonly number[])[], wanted: readonly (readonly number[])[], levels: number): void {
  expect(got.length).toBe(wanted.length);
  for (const [patch, colors] of wanted.entries()) {
    for (const [at, value] of colors.entries()) {
      expect(
        Math.abs((got[patch]?.[at] ?? -1) - value),
        `patch ${patch}: ${got[patch]} for ${colors}`,
      ).toBeLessThanOrEqual(levels);
    }
  }
}

const converted = (points: Points, toLinear: (v: number) => number) =>
  patchColors.map((color) => toSrgb(color, points, toLinear));

test("the arithmetic of these tests gives the published values", () => {
  expect(toSrgb([200, 60, 40], bt709, linear)).toEqual([229, 133, 110]);
  expectNear([toSrgb([200, 60, 40], displayP3, decodeSrgb)], [[217, 42, 23]], 1);
});

test("declared colours of a PNG are converted, with a notice that names them", async () => {
  const wide = chrm(d65, ...displayP3);
  const adobe = chrm(d65, ...adobeRgb);
  const cases = [
    [[gama(1)], converted(bt709, linear), "Converted from gamma 1 (gAMA) to sRGB"],
    [[gama(0.5)], converted(bt709, (v) => v ** 2), "Converted from gamma 2 (gAMA) to sRGB"],
    [
      [gama(0.45455), adobe],
      converted(adobeRgb, (v) => v ** 2.2),
      "Converted from its own primaries, gamma 2.2 (gAMA, cHRM) to sRGB",
    ],
    [[wide], converted(displayP3, decodeSrgb), "Converted from its own primaries (cHRM) to sRGB"],
    [[cicp(12, 13, 0, 1)], converted(displayP3, decodeSrgb), "Converted from Display P3 (cICP) to sRGB"],
    [[cicp(1, 8, 0, 1)], converted(bt709, linear), "Converted from BT.709, linear light (cICP) to sRGB"],
    [[cicp(12, 8, 0, 1)], converted(displayP3, linear), "Converted from Display P3, linear light (cICP) to sRGB"],
    [[cicp(1, 4, 0, 1)], converted(bt709, (v) => v ** 2.2), "Converted from BT.709, gamma 2.2 (cICP) to sRGB"],
  ] as const;
  for (const [chunks, wanted, notice] of cases) {
    for (const bits of [8, 16] as const) {
      const { middles, notices } = await decode(patchPng({ chunks, bits }));
      expectNear(middles, wanted, 3);
      expect(notices.at(-1)).toBe(`color_profile: ${notice}`);
    }
  }
});

test("the precedence is cICP, iCCP, sRGB, then gAMA and cHRM", async () => {
  const p3 = iccp(await profileOf("p3"));
  const srgb = iccp(await profileOf("srgb"));
  const wide = converted(displayP3, decodeSrgb);
  const cases = [
    [[cicp(12, 13, 0, 1), srgb, gama(1)], wide],
    [[cicp(1, 13, 0, 1), p3, gama(1)], patchColors],
    [[p3, srgbChunk, gama(1)], wide],
    [[srgb, gama(1), chrm(d65, ...displayP3)], patchColors],
    [[srgbChunk, gama(1), chrm(d65, ...displayP3)], patchColors],
    // Both unspecified: the next one applies. Neither RGB nor grey: invalid in a PNG.
    [[cicp(2, 2, 0, 1), gama(1)], converted(bt709, linear)],
    [[cicp(12, 13, 1, 1), gama(1)], converted(bt709, linear)],
  ] as const;
  for (const [chunks, wanted] of cases) expectNear((await decode(patchPng({ chunks }))).middles, wanted, 3);
});

test("declarations of sRGB change nothing and give no notice", async () => {
  const cases = [[], [srgbChunk], [gama(0.45455)], [gama(0.45455), chrm(d65, ...bt709)], [cicp(1, 13, 0, 1)]] as const;
  for (const chunks of cases) {
    expect(await decode(patchPng({ chunks }))).toEqual({ middles: patchColors, channels: 3, notices: [] });
  }
});

test("curves do not change alpha", async () => {
  const patches = patchColors.map((color, at) => [...color, patchAlphas[at] ?? 0]);
  const wanted = patches.map((color) => [...toSrgb(color.slice(0, 3), bt709, linear), color[3] ?? 0]);
  for (const bits of [8, 16] as const) {
    expectNear((await decode(patchPng({ patches, bits, chunks: [gama(1)] }))).middles, wanted, 2);
  }
});

test("grey of 8 and 16 bits, with and without alpha, is converted by gAMA, cICP and profile", async () => {
  const gamma18 = iccp(writeGreyProfile(powerTransfer(1.8)));
  const cases = [
    [[gama(1)], linear],
    [[cicp(12, 8, 0, 1)], linear],
    [[gamma18], powerTransfer(1.8)],
  ] as const;
  for (const [chunks, toLinear] of cases) {
    const wanted = patchGreys.map(([grey = 0]) => toSrgb([grey, grey, grey], bt709, toLinear).slice(0, 1));
    for (const bits of [8, 16] as const) {
      const { middles, channels, notices } = await decode(patchPng({ chunks, bits, patches: patchGreys }));
      expect(channels).toBe(1);
      expectNear(middles, wanted, 2);
      expect(notices.at(-1)).toMatch(/^color_profile: Converted from .* to sRGB$/);
      const patches = patchGreys.map((grey, at) => [...grey, patchAlphas[at] ?? 0]);
      const withAlpha = await decode(patchPng({ chunks, bits, patches }));
      expectNear(
        withAlpha.middles,
        wanted.map((grey, at) => [...grey, patchAlphas[at] ?? 0]),
        2,
      );
    }
  }
});

test("16-bit grey of a dark linear picture keeps levels that 8 bits would lose", async () => {
  // Three quarters of the first step of 8 bits.
  const sample = 192;
  const pixels = new Uint16Array(48 * 48).fill(sample);
  const dark = await sharp(pixels, { raw: { width: 48, height: 48, channels: 1 } })
    .toColourspace("grey16")
    .png()
    .toBuffer();
  const [headerEnd, chunkBytes] = [33, 16];
  const head = patchPng({ bits: 16, patches: patchGreys, chunks: [gama(1)] }).subarray(0, headerEnd + chunkBytes);
  const { middles } = await decode(Buffer.concat([head, dark.subarray(headerEnd)]));
  const wanted = toSrgb(Array(3).fill((sample / 65_535) * 255), bt709, linear).slice(0, 1);
  expectNear(middles, Array(9).fill(wanted), 1);
});

test("samples from 16 to 235 are spread over the full range", async () => {
  const expand = (v: number) => Math.min(1, Math.max(0, (v * 255 - 16) / 219));
  const { middles } = await decode(patchPng({ chunks: [cicp(1, 13, 0, 0)] }));
  expectNear(
    middles,
    converted(bt709, (v) => decodeSrgb(expand(v))),
    2,
  );
});

test("PQ and HLG are tone-mapped with a notice: highlights stay distinct from diffuse white, mid tones keep their light", async () => {
  // ITU-R BT.2408: 203 cd/m² is 58 % of PQ and 75 % of HLG; 26 cd/m² (grey of 18 %, with some headroom) is 38 % of both.
  for (const [transfer, name, white] of [
    [16, "PQ", 0.58],
    [18, "HLG", 0.75],
  ] as const) {
    const codes = [0, 0.38, white, 0.9, 1, 0, 0, 0, 0].map((v) => Array(3).fill(Math.round(v * 255)));
    const { middles, notices } = await decode(patchPng({ patches: codes, chunks: [cicp(9, transfer, 0, 1)] }));
    const greys = middles.map(([grey = 0]) => grey);
    expect(greys[0]).toBe(0);
    const wanted = toSrgb(Array(3).fill(255), bt709, () => 26 / 203)[0] ?? 0;
    expect(Math.abs((greys[1] ?? 0) - wanted)).toBeLessThanOrEqual(8);
    expect(greys[2]).toBeGreaterThan(215);
    expect(greys[2]).toBeLessThan(greys[4] ?? 0);
    expect(greys[3]).toBeLessThanOrEqual(greys[4] ?? 0);
    expect(greys[4]).toBeGreaterThanOrEqual(254);
    expect(notices).toEqual([`tone_mapped: Tone-mapped from BT.2020, ${name} (cICP) to sRGB`]);
  }
});

test("unsupported declarations give a notice", async () => {
  const cases = [
    [[cicp(99, 13, 0, 1)], "The colours (cICP 99/13) are of a kind that is not known here: taken as sRGB"],
    [[cicp(12, 13, 1, 1)], "The cICP chunk cannot be used: colours are taken as sRGB"],
    [[iccp(new Uint8Array(200).fill(7))], "The colour profile cannot be used: colours are taken as sRGB"],
    [[cicp(1, 1, 0, 1)], "Read BT.709 (cICP) as sRGB"],
  ] as const;
  for (const [chunks, text] of cases) {
    const { middles, notices } = await decode(patchPng({ chunks }));
    expect([middles, notices]).toEqual([patchColors, [`color_profile: ${text}`]]);
  }
  const grey = await decode(patchPng({ patches: patchGreys, chunks: [iccp(await profileOf("srgb"))] }));
  expect(grey).toEqual({
    middles: patchGreys,
    channels: 1,
    notices: ["color_profile: The colour profile cannot be used: colours are taken as sRGB"],
  });
});

test("a profile with the wrong name sRGB gives a notice", async () => {
  const honest = Buffer.from(await profileOf("srgb"));
  expect((await decode(patchPng({ chunks: [iccp(honest)] }))).notices).toEqual([]);
  // Red and green change places: same name, other colours.
  const liar = Buffer.from(honest);
  const [red, green] = [liar.indexOf("rXYZ"), liar.indexOf("gXYZ")];
  liar.write("gXYZ", red, "latin1");
  liar.write("rXYZ", green, "latin1");
  const { notices } = await decode(patchPng({ chunks: [iccp(liar)] }));
  expect(notices).toHaveLength(1);
  expect(notices[0]).toMatch(/^color_profile: Converted from a profile that is named .*sRGB.* but is another to sRGB$/);
});
