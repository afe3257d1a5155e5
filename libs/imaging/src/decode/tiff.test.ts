import { expect, test } from "vitest";
import { bt709, toSrgb } from "../../test/expected-colors.ts";
import { tiff } from "../../test/tiff.ts";
import { powerTransfer } from "../color/transfer.ts";
import { writeGreyProfile } from "../color/write-icc.ts";
import { defaultLimits } from "../limits.ts";
import { decodePicture } from "./decode.ts";

const values = [0, 1, 32, 64, 128, 200, 254, 255];
const decode = (file: Uint8Array) => decodePicture(file, { ...defaultLimits, allowTiff: true });

function expectNear(data: Uint8Array, wanted: readonly number[], levels: number): void {
  expect(data.length).toBe(wanted.length);
  for (const [at, value] of wanted.entries()) {
    expect(Math.abs((data[at] ?? -1) - value), `sample ${at}: ${data[at]} for ${value}`).toBeLessThanOrEqual(levels);
  }
}

test("floating point up to 1, 255 and 65,535 gives the same picture, in grey and colour, with and without alpha", async () => {
  const pictures = [
    values.map((v) => [v]),
    values.map((v) => [v, 77]),
    values.map((v) => [v, 255 - v, 40]),
    values.map((v) => [v, 255 - v, 40, 128]),
  ];
  for (const picture of pictures) {
    for (const scale of [1 / 255, 1, 257]) {
      const samples = picture.map((pixel) => pixel.map((v) => v * scale));
      const extra = picture[0]?.length === 2 || picture[0]?.length === 4 ? 2 : undefined;
      const file = tiff({ widthPx: 4, samples, type: "float", ...(extra ? { extra } : {}) });
      const { frame, info, notices } = await decode(file);
      expect([info.bitsPerChannel, frame.channels, frame.widthPx, frame.heightPx]).toEqual([
        32,
        picture[0]?.length,
        4,
        2,
      ]);
      expectNear(frame.data, picture.flat(), 0);
      expect(notices.map(({ kind }) => kind)).toEqual(["bit_depth"]);
    }
  }
});

test("values beyond black and white are cut off, and NaN affects no other value", async () => {
  const samples = [[-3], [-0.1], [0], [0.5], [1], [1.4], [Number.NaN], [0.25]];
  const { frame } = await decode(tiff({ widthPx: 4, samples, type: "float" }));
  expectNear(frame.data.subarray(0, 6), [0, 0, 0, 128, 255, 255], 1);
  expectNear(frame.data.subarray(7), [64], 1);
});

test("half floats and integers of 16 and 32 bits are scaled", async () => {
  for (const [type, scale] of [
    ["half", 1 / 255],
    ["uint16", 257],
    ["uint32", (2 ** 32 - 1) / 255],
  ] as const) {
    for (const colors of [(v: number) => [v], (v: number) => [v, 255 - v, 40]]) {
      const samples = values.map((v) => colors(v).map((sample) => sample * scale));
      const { frame } = await decode(tiff({ widthPx: 4, samples, type }));
      expectNear(frame.data, values.flatMap(colors), 1);
    }
  }
});

test("alpha is divided out of colours that the file declares premultiplied", async () => {
  const straight = [200, 100, 50, 128] as const;
  const multiplied = [100, 50, 25, 128];
  const samples = Array.from({ length: 8 }, () => multiplied);
  const divided = await decode(tiff({ widthPx: 4, samples, type: "uint8", extra: 1 }));
  expectNear(divided.frame.data.subarray(0, 4), straight, 2);
  const left = await decode(tiff({ widthPx: 4, samples, type: "uint8", extra: 2 }));
  expect([...left.frame.data.subarray(0, 4)]).toEqual(multiplied);
});

test("16-bit grey is converted by its profile, and a profile that floating point ignores gives a notice", async () => {
  const profile = writeGreyProfile(powerTransfer(1.8));
  const grey = await decode(tiff({ widthPx: 4, samples: values.map((v) => [v * 257]), type: "uint16", profile }));
  expectNear(
    grey.frame.data,
    values.map((v) => toSrgb([v, v, v], bt709, (c) => c ** 1.8)[0] ?? 0),
    2,
  );
  const float = await decode(tiff({ widthPx: 4, samples: values.map((v) => [v / 255]), type: "float", profile }));
  expectNear(float.frame.data, values, 0);
  expect(float.notices.at(-1)?.text).toMatch(/is not applied to float samples: colours are taken as sRGB$/);
});
