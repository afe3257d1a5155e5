import { expect, test } from "vitest";
import { decodeRaster } from "../../test/decode-raster.ts";
import { bt709, decodeSrgb, displayP3, toSrgb } from "../../test/expected-colors.ts";
import { animatedAlphaAvif, animatedAvif, premultipliedAvif } from "../../test/foreign-files.ts";
import { middlesOf, patchAlphas, patchColors, patchesPx, patchSamples } from "../../test/patches.ts";
import { withFrameStore } from "../../test/with-frame-store.ts";
import { sharp } from "../engine/engine.ts";
import { toWholeFrame } from "../frames/raster-rows.ts";
import { defaultLimits } from "../limits.ts";
import { addColorBox } from "../structure/avif-edit.ts";
import { toView } from "../structure/structure.ts";
import { decodePicture } from "./decode.ts";
import { inspectPicture } from "./inspect.ts";

const withAlphas = patchColors.map((color, at) => [...color, patchAlphas[at] ?? 0]);

/** Encodes a picture and adds an nclx box: these code points, BT.601's matrix, full range. */
async function avif(
  primaries: number,
  transfer: number,
  bitdepth: 8 | 10 = 8,
  patches = patchColors,
): Promise<Uint8Array> {
  const raw = { width: patchesPx, height: patchesPx, channels: patches[0]?.length as 3 | 4 };
  const file = await sharp(Uint8Array.from(patchSamples(patches)), { raw })
    .avif({ quality: 95, chromaSubsampling: "4:4:4", bitdepth })
    .toBuffer();
  const nclx = Buffer.from([...Buffer.from("nclx"), 0, primaries, 0, transfer, 0, 6, 0x80]);
  return addColorBox(file, nclx) as Uint8Array;
}

async function decode(file: Uint8Array) {
  const { frame, info, notices } = await decodePicture(file, defaultLimits);
  return { middles: middlesOf(frame), info, notices: notices.map(({ kind, text }) => `${kind}: ${text}`) };
}

function expectNear(got: readonly (readonly number[])[], wanted: readonly (readonly number[])[], levels: number): void {
  for (const [patch, colors] of wanted.entries()) {
    for (const [at, value] of colors.entries()) {
      expect(
        Math.abs((got[patch]?.[at] ?? -1) - value),
        `patch ${patch}: ${got[patch]} for ${colors}`,
      ).toBeLessThanOrEqual(levels);
    }
  }
}

test("colours by code points are converted, in 8 and 10 bits, with a notice", async () => {
  const cases = [
    [12, 13, patchColors.map((color) => toSrgb(color, displayP3, decodeSrgb)), "Display P3 (nclx)"],
    [1, 8, patchColors.map((color) => toSrgb(color, bt709, (v) => v)), "BT.709, linear light (nclx)"],
    [1, 4, patchColors.map((color) => toSrgb(color, bt709, (v) => v ** 2.2)), "BT.709, gamma 2.2 (nclx)"],
  ] as const;
  for (const [primaries, transfer, wanted, name] of cases) {
    for (const bits of [8, 10] as const) {
      const { middles, notices } = await decode(await avif(primaries, transfer, bits));
      expectNear(middles, wanted, 6);
      expect(notices.at(-1)).toBe(`color_profile: Converted from ${name} to sRGB`);
    }
  }
});

test("code points of sRGB, or none, give no notice; HDR is tone-mapped with a notice", async () => {
  for (const [primaries, transfer] of [
    [1, 13],
    [2, 2],
  ] as const) {
    const { middles, notices } = await decode(await avif(primaries, transfer));
    expectNear(middles, patchColors, 3);
    expect(notices).toEqual([]);
  }
  for (const [transfer, name] of [
    [16, "PQ"],
    [18, "HLG"],
  ] as const) {
    const { notices } = await decode(await avif(9, transfer, 10));
    expect(notices.at(-1)).toBe(`tone_mapped: Tone-mapped from BT.2020, ${name} (nclx) to sRGB`);
  }
});

test("a profile takes precedence over code points", async () => {
  const file = await sharp(Uint8Array.from(patchSamples(patchColors)), { raw: { width: 48, height: 48, channels: 3 } })
    .withIccProfile("p3")
    .avif({ quality: 95, chromaSubsampling: "4:4:4" })
    .toBuffer();
  const linear = addColorBox(file, Buffer.from([...Buffer.from("nclx"), 0, 1, 0, 8, 0, 6, 0x80])) as Uint8Array;
  const { middles, notices } = await decode(linear);
  expectNear(middles, patchColors, 6);
  expect(notices).toHaveLength(1);
});

test("alpha is divided out of premultiplied colours", async () => {
  const { middles, notices } = await decode(premultipliedAvif);
  for (const [patch, [, , , alpha = 0]] of withAlphas.entries()) {
    // One level of a premultiplied colour is 255/alpha of a straight one.
    expectNear([middles[patch] ?? []], [withAlphas[patch] ?? []], Math.max(3, 255 / alpha));
  }
  expect(notices).toEqual([]);
});

test("alpha is divided out before colours are converted", async () => {
  const file = Buffer.from(premultipliedAvif);
  const at = file.indexOf("nclx");
  file.writeUInt16BE(12, at + 4);
  const { middles } = await decode(file);
  const wanted = patchColors.map((color, patch) => [...toSrgb(color, displayP3, decodeSrgb), patchAlphas[patch] ?? 0]);
  for (const [patch, alpha] of patchAlphas.entries()) {
    expectNear([middles[patch] ?? []], [wanted[patch] ?? []], Math.max(5, 300 / alpha));
  }
});

test("premultiplied pictures in files give the same pixels", async () => {
  await withFrameStore(100, async (frameStore) => {
    const { raster } = await decodeRaster(premultipliedAvif, defaultLimits, frameStore);
    expect("path" in raster).toBe(true);
    const inMemory = await decodePicture(premultipliedAvif, defaultLimits);
    expect(await toWholeFrame(raster)).toMatchObject({ channels: 4, data: inMemory.frame.data });
  });
});

test("an image sequence gives its first frame, with a notice of the number of frames", async () => {
  const opaque = await decode(animatedAvif);
  expectNear(opaque.middles, patchColors, 3);
  expect(opaque.notices).toEqual(["first_frame: Used the first of 3 frames"]);
  const clear = await decode(animatedAlphaAvif);
  expectNear(clear.middles, withAlphas, 3);
  expect([clear.info.frames, clear.info.channels]).toEqual([2, 4]);
  expect(await inspectPicture(animatedAlphaAvif, defaultLimits)).toEqual(clear.info);
  await expect(inspectPicture(animatedAvif, { ...defaultLimits, maxFrames: 2 })).rejects.toMatchObject({
    reason: "IMAGE_TOO_MANY_FRAMES",
  });
});

test("the editor never throws for cut or damaged boxes", () => {
  for (let end = 0; end < animatedAlphaAvif.length; end += 7) {
    const cut = Buffer.from(animatedAlphaAvif.subarray(0, end));
    addColorBox(cut, Uint8Array.of(1, 2, 3, 4));
    expect(toView(cut).byteLength).toBe(end);
  }
  for (let at = 40; at < 440; at++) {
    const damaged = Buffer.from(animatedAlphaAvif);
    damaged[at] = 255;
    addColorBox(damaged, Uint8Array.of(1, 2, 3, 4));
  }
});
