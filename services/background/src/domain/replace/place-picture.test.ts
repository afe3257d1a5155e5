import { blurFrame, createFrame, type Frame, resizeFrame } from "@pixelmesh/imaging";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { covering, createPicture } from "../../../test/pictures.ts";
import { replaceBackground } from "./compose.ts";
import type { Fit } from "./parse-replacement.ts";

const size = { widthPx: 40, heightPx: 24 };
const nothing = createPicture(size, 4, () => 0);
const tools = { resize: resizeFrame, blur: blurFrame };

/** Returns the background alone, which an empty cut-out shows. */
async function backgroundOf(picture: Frame, fit: Fit, x: number, y: number): Promise<Frame> {
  const placement = { ...covering, fit, x, y, rgb: [10, 20, 30] } as const;
  return replaceBackground(nothing, placement, { ...tools, picture });
}

const toSharp = ({ data, widthPx: width, heightPx: height, channels }: Frame) =>
  sharp(data, { raw: { width, height, channels } });
const colored = (widthPx: number, heightPx: number) =>
  createPicture({ widthPx, heightPx }, 3, (x, y, c) => (c === 0 ? x * 5 : c === 1 ? y * 9 : 120));

describe("a background picture", () => {
  test.each([
    [0, 0],
    [1, 1],
    [0.25, 0.5],
  ])("that covers shows the part at %f, %f", async (x, y) => {
    // Twice the size of the background and wider: 96 × 48 is shrunk by two, and 16 columns of the source are cut off.
    const picture = colored(96, 48);
    const left = Math.floor(16 * x);
    const cropped = await toSharp(picture).extract({ left, top: 0, width: 80, height: 48 }).raw().toBuffer();
    const wanted = await resizeFrame(createFrame(80, 48, 3, cropped), 40, 24);
    expect(Buffer.compare((await backgroundOf(picture, "cover", x, y)).data, wanted.data)).toBe(0);
  });

  test.each([
    [0, 0],
    [1, 0],
    [0.5, 0.5],
  ])("that is contained lies at %f, %f of the colour", async (x, y) => {
    for (const [width, height] of [
      [48, 48],
      [80, 16],
    ] as const) {
      const picture = colored(width, height);
      const inner = width === 48 ? ([24, 24] as const) : ([40, 8] as const);
      const small = await resizeFrame(picture, inner[0], inner[1]);
      const left = Math.floor((40 - inner[0]) * x);
      const top = Math.floor((24 - inner[1]) * y);
      const wanted = await toSharp(small)
        .extend({
          left,
          top,
          right: 40 - inner[0] - left,
          bottom: 24 - inner[1] - top,
          background: { r: 10, g: 20, b: 30 },
        })
        .raw()
        .toBuffer();
      expect(Buffer.compare((await backgroundOf(picture, "contain", x, y)).data, wanted)).toBe(0);
    }
  });

  test("with alpha lies on the colour where it is contained", async () => {
    const clear = createPicture({ widthPx: 24, heightPx: 24 }, 4, (_x, _y, c) => (c === 3 ? 0 : 200));
    const { data, channels } = await backgroundOf(clear, "contain", 0.5, 0.5);
    expect(channels).toBe(3);
    for (let i = 0; i < data.length; i += 3) expect([...data.subarray(i, i + 3)]).toEqual([10, 20, 30]);
  });

  test("of grey keeps its grey where it is contained", async () => {
    const grey = createPicture({ widthPx: 24, heightPx: 24 }, 1, () => 99);
    const { data } = await backgroundOf(grey, "contain", 0, 0);
    expect([...data.subarray(0, 3)]).toEqual([99, 99, 99]);
    expect([...data.subarray(30 * 3, 30 * 3 + 3)]).toEqual([10, 20, 30]);
  });

  test("that is stretched has the size", async () => {
    const picture = colored(31, 77);
    expect(
      Buffer.compare((await backgroundOf(picture, "stretch", 0, 1)).data, (await resizeFrame(picture, 40, 24)).data),
    ).toBe(0);
  });

  test.each([
    [0, 0, 0, 0],
    [1, 1, 40 % 7, 24 % 5],
    [0.5, 0.5, 16 % 7, 9 % 5],
  ])("that is tiled at %f, %f has one tile there, and others on all sides", async (x, y, left, top) => {
    const picture = colored(7, 5);
    const { data } = await backgroundOf(picture, "tile", x, y);
    for (let at = 0; at < 40 * 24; at++) {
      const [column, row] = [(7 + (at % 40) - left) % 7, (5 + Math.floor(at / 40) - top) % 5];
      expect(data.subarray(at * 3, at * 3 + 3)).toEqual(
        picture.data.subarray((row * 7 + column) * 3, (row * 7 + column) * 3 + 3),
      );
    }
  });

  test.each(["cover", "contain", "stretch", "tile"] as const)("of one pixel fills by %s", async (fit) => {
    const dot = createPicture({ widthPx: 1, heightPx: 1 }, 3, () => 77);
    const { data } = await backgroundOf(dot, fit, 0.5, 0.5);
    expect(data).toHaveLength(40 * 24 * 3);
    expect(data[(12 * 40 + 20) * 3]).toBe(77);
  });
});
