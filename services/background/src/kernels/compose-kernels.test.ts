import { blurFrame, type Channels, createFrame, type Frame, memoryFrameStore, resizeFrame } from "@pixelmesh/imaging";
import fc from "fast-check";
import { expect, test } from "vitest";
import { covering, createPicture, createSequence, createValues, noPause, textured } from "../../test/pictures.ts";
import { layOverReference } from "../../test/reference/compose.ts";
import { fillHole } from "../../test/reference/fill-hole.ts";
import { toRgbPlanes } from "../../test/reference/rgb-planes.ts";
import { resamplePlane } from "../../test/reference/sampler.ts";
import { blurredBackground } from "../domain/replace/blurred-background.ts";
import { replaceBackground } from "../domain/replace/compose.ts";
import { fill, layOutFill } from "../domain/replace/fill.ts";
import { composeKernels } from "./compose-kernels.ts";
import { createLayout } from "./lay-out.ts";

const noise = (widthPx: number, heightPx: number, channels: Channels, seed: number): Frame => {
  const next = createSequence(seed);
  // Every fourth sample is 0 or 255, as alpha of cut-outs mostly is.
  return createPicture({ widthPx, heightPx }, channels, () =>
    next() < 0.25 ? 255 * Math.round(next()) : 255 * next(),
  );
};

test("every pair of channels is laid over as by the reference, bit by bit", async () => {
  const channels = fc.constantFrom(...([1, 2, 3, 4] as const));
  await fc.assert(
    fc.asyncProperty(channels, channels, fc.integer({ min: 1, max: 37 }), fc.nat(), async (c, u, widthPx, seed) => {
      const [cutOut, picture] = [noise(widthPx, 5, c, seed), noise(widthPx, 5, u, seed + 1)];
      const tools = { resize: resizeFrame, blur: blurFrame, picture };
      const { data, channels: got } = await replaceBackground(cutOut, covering, tools);
      const wanted = createFrame(widthPx, 5, u % 2 === 0 ? 4 : 3);
      expect(got).toBe(wanted.channels);
      layOverReference(cutOut.data, c, picture.data, u, wanted.data, wanted.channels as 3 | 4, 0, widthPx * 5);
      expect(data).toEqual(wanted.data);
    }),
  );
});

test("RGBA over RGB is the exact mixture for every alpha and every pair of samples", async () => {
  const size = { widthPx: 256, heightPx: 256 };
  for (const alpha of [0, 1, 127, 128, 254, 255]) {
    const cutOut = createPicture(size, 4, (x, _y, c) => (c === 3 ? alpha : x));
    const picture = createPicture(size, 3, (_x, y) => y);
    const tools = { resize: resizeFrame, blur: blurFrame, picture };
    const { data } = await replaceBackground(cutOut, covering, tools);
    const wanted = Uint8Array.from({ length: 256 * 256 * 3 }, (_, i) => {
      const [x, y] = [Math.floor(i / 3) % 256, Math.floor(i / 768)];
      return Math.floor((2 * (x * alpha + y * (255 - alpha)) + 255) / 510);
    });
    expect(data).toEqual(wanted);
  }
});

test("a hole is filled as by the reference", async () => {
  for (const [widthPx, heightPx] of [
    [256, 171],
    [40, 30],
    [3, 200],
    [1, 1],
  ] as const) {
    const size = { widthPx, heightPx };
    const picture = createPicture(size, 3, textured(4));
    const cutOut = createPicture(size, 4, (x, y, c) =>
      c < 3 ? 0 : 255 - 400 * Math.hypot(x / widthPx - 0.5, y / heightPx - 0.4),
    );
    const kernels = composeKernels.take();
    const layout = createLayout();
    const address = layOutFill(layout, size);
    kernels.reserve(layout.end());
    await fill(kernels, address, picture, cutOut, noPause);
    const hidden = createValues(size, (x, y) => Math.min(1, (3 * cutOut.data[(y * widthPx + x) * 4 + 3]!) / 255));
    const wanted = await fillHole(await toRgbPlanes(picture.data, size, noPause), hidden, noPause);
    const found = kernels.floats(address.filled, widthPx * heightPx * 4);
    let worst = 0;
    for (let at = 0; at < widthPx * heightPx; at++) {
      for (const c of [0, 1, 2] as const)
        worst = Math.max(worst, Math.abs(found[at * 4 + c]! - 255 * wanted[c].data[at]!));
    }
    expect(worst).toBeLessThan(0.01);
  }
});

test("a wide blur is enlarged as planes are, within one level", async () => {
  const size = { widthPx: 157, heightPx: 83 };
  const picture = createPicture(size, 3, textured(6));
  const nothing = createPicture(size, 4, () => 0);
  // With a blur that does nothing, the shrunken picture is enlarged again.
  const options = {
    resize: resizeFrame,
    blur: async (frame: Frame) => frame,
    sigmaPx: 12,
    frameStore: memoryFrameStore,
  };
  const rows = await blurredBackground(nothing, picture, options as never);
  const small = await resizeFrame(picture, 52, 28);
  const planes = await toRgbPlanes(small.data, small, noPause);
  const wanted = planes.map((plane) => resamplePlane(plane, size));
  for (let y = 0; y < size.heightPx; y += 9) {
    const found = await rows.readRows(y, Math.min(9, size.heightPx - y));
    found.forEach((sample, i) => {
      const value = 255 * wanted[i % 3]!.data[y * size.widthPx + Math.floor(i / 3)]!;
      expect(Math.abs(sample - value)).toBeLessThanOrEqual(0.501);
    });
  }
  await rows.close();
});
