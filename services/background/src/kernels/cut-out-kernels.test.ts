import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Channels, decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  createHairyBlob,
  createPicture,
  createSequence,
  createValues,
  mixLayers,
  noPause,
  textured,
} from "../../test/pictures.ts";
import { paintReference, planReference } from "../../test/reference/cut-out.ts";
import { resamplePlane } from "../../test/reference/sampler.ts";
import { type MatteRefinement, planCutOut, workingSize } from "../domain/cut-out/plan-cut-out.ts";
import { cutOutFrame } from "../domain/cut-out/remove-background.ts";
import { createPlane, type Plane } from "../domain/planes/plane.ts";
import { cutOutKernels } from "./cut-out-kernels.ts";

/** Largest differences between two cut-outs: of alpha, and of colours that both show. */
type Difference = { alpha: number; color: number };

function compare(found: Frame, wanted: Frame): Difference {
  const worst = { alpha: 0, color: 0 };
  for (let at = 0; at < wanted.data.length; at += 4) {
    const [one, other] = [found, wanted].map(({ data }) => data.subarray(at, at + 4)) as [Uint8Array, Uint8Array];
    worst.alpha = Math.max(worst.alpha, Math.abs(one[3]! - other[3]!));
    if (one[3] === 0 || other[3] === 0) continue;
    for (let c = 0; c < 3; c++) worst.color = Math.max(worst.color, Math.abs(one[c]! - other[c]!));
  }
  return worst;
}

async function cutBoth(frame: Frame, matte: Plane, refine: MatteRefinement = "guided"): Promise<Difference> {
  const { widthPx, heightPx } = workingSize(frame, matte.widthPx);
  const guide = await resizeFrame(frame, widthPx, heightPx);
  const wanted = await paintReference(frame, await planReference(guide, matte, noPause, refine), noPause);
  return compare(await cutOutFrame({ frame, guide, matte, refine }), wanted);
}

const within = { alpha: 1, color: 1 };
function expectWithin(found: Difference): void {
  expect(found.alpha).toBeLessThanOrEqual(within.alpha);
  expect(found.color).toBeLessThanOrEqual(within.color);
}

/** Returns a picture in other channels. Half of its columns are opaque. */
function withChannels({ widthPx, heightPx, channels: own, data }: Frame, channels: Channels): Frame {
  return createPicture({ widthPx, heightPx }, channels, (x, y, c) => {
    const isAlpha = channels % 2 === 0 && c === channels - 1;
    if (isAlpha) return x * 2 < widthPx ? 255 : (x * 7 + y * 3) % 256;
    return data[(y * widthPx + x) * own + (own >= 3 ? c : 0)]!;
  });
}

async function readExample(name: string): Promise<Frame> {
  const path = fileURLToPath(new URL(`../../../../examples/${name}`, import.meta.url));
  return (await decodePicture(await readFile(path), defaultLimits)).frame;
}

test.each([1, 2, 3, 4] as const)(
  "a photograph of %i channels is cut out as by the reference, within one level",
  async (channels) => {
    const mask = await readExample("portrait-object.mask.png");
    const small = await resizeFrame(mask, 64, 64);
    const matte = createValues(
      { widthPx: 64, heightPx: 64 },
      (x, y) => small.data[(y * 64 + x) * small.channels]! / 255,
    );
    const photo = await readExample("portrait-object.jpg");
    expectWithin(await cutBoth(withChannels(photo, channels), matte));
    expectWithin(await cutBoth(await resizeFrame(withChannels(photo, channels), 701, 611), matte));
  },
);

test.each([
  [480, 360, 60],
  [333, 517, 128],
  [901, 500, 320],
])(
  "a hairy object of %i×%i is cut out as by the reference, fitted and not, within one level",
  async (widthPx, heightPx, sidePx) => {
    const size = { widthPx, heightPx };
    const truth = createHairyBlob(size, sidePx);
    const [object, background] = [3, 8].map((seed) => createPicture(size, 3, textured(seed)));
    const matte = resamplePlane(truth, { widthPx: sidePx, heightPx: sidePx });
    const picture = mixLayers(object!, background!, truth);
    expectWithin(await cutBoth(picture, matte));
    expectWithin(await cutBoth(picture, matte, "none"));
  },
);

test("noise of any size, with any matte, is cut out as by the reference, within one level", async () => {
  const side = fc.integer({ min: 1, max: 70 });
  const channels = fc.constantFrom(...([1, 2, 3, 4] as const));
  await fc.assert(
    fc.asyncProperty(side, side, channels, fc.integer({ min: 4, max: 40 }), fc.nat(), async (w, h, c, matte, seed) => {
      const next = createSequence(seed);
      const picture = createPicture({ widthPx: w, heightPx: h }, c, () => 256 * next());
      const values = createValues({ widthPx: matte, heightPx: matte }, () => next());
      expectWithin(await cutBoth(picture, values));
      expectWithin(await cutBoth(picture, values, "none"));
    }),
    { numRuns: 60 },
  );
});

test("a matte that is not fitted is a sum of tents, whatever the picture shows", async () => {
  const next = createSequence(7);
  const matte = createValues({ widthPx: 20, heightPx: 20 }, () => next());
  const frame = createPicture({ widthPx: 40, heightPx: 31 }, 3, textured(4));
  const { data } = await cutOutFrame({ frame, guide: frame, matte, refine: "none" });
  const place = (at: number, length: number) => Math.min(19, Math.max(0, ((at + 0.5) * 20) / length - 0.5));
  const tent = (distance: number) => Math.max(0, 1 - Math.abs(distance));
  for (let i = 0; i < 40 * 31; i++) {
    const [u, v] = [place(i % 40, 40), place(Math.floor(i / 40), 31)];
    const alpha = matte.data.reduce((sum, m, k) => sum + m * tent(u - (k % 20)) * tent(v - Math.floor(k / 20)), 0);
    expect(Math.abs(data[i * 4 + 3]! - 255 * alpha)).toBeLessThan(0.52);
  }
});

test("a picture of one colour has the alpha of the reference exactly", async () => {
  const picture = createPicture({ widthPx: 150, heightPx: 90 }, 3, () => 200);
  const matte = createValues({ widthPx: 32, heightPx: 32 }, (x) => (x < 12 ? 0 : x > 20 ? 1 : 0.5));
  expect((await cutBoth(picture, matte)).alpha).toBe(0);
});

test("within the object pixels keep their own alpha, and invisible ones are black", async () => {
  const next = createSequence(11);
  const picture = createPicture({ widthPx: 120, heightPx: 80 }, 4, (x, _y, c) =>
    c < 3 ? 256 * next() : [0, 90, 255][x % 3]!,
  );
  // The right half is far inside of the object.
  const matte = createValues({ widthPx: 64, heightPx: 64 }, (x) => (x < 16 ? 0 : 1));
  const { data } = await cutOutFrame({ frame: picture, guide: picture, matte });
  for (let y = 0; y < 80; y++) {
    for (let x = 60; x < 120; x++) {
      const [found, own] = [data, picture.data].map((all) => [
        ...all.subarray((y * 120 + x) * 4, (y * 120 + x + 1) * 4),
      ]);
      expect(found).toEqual(own![3] === 0 ? [0, 0, 0, 0] : own);
    }
  }
});

test("a guide too large for its matte is refused, since sums could overflow", async () => {
  const guide = createPicture({ widthPx: 60, heightPx: 4 }, 3, () => 0);
  const plan = planCutOut(cutOutKernels.take(), guide, createPlane({ widthPx: 16, heightPx: 16 }), noPause);
  await expect(plan).rejects.toMatchObject({ reason: "INTERNAL" });
});
