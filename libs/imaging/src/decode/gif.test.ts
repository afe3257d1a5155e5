import { ImageFormat } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { decodeRaster } from "../../test/decode-raster.ts";
import { gif } from "../../test/gif.ts";
import { withFrameStore } from "../../test/with-frame-store.ts";
import { sharp } from "../engine/engine.ts";
import { toWholeFrame } from "../frames/raster-rows.ts";
import { defaultLimits } from "../limits.ts";
import { gifLacksPixels } from "../structure/gif.ts";
import { decodePicture } from "./decode.ts";
import { inspectPicture } from "./inspect.ts";

const part = { left: 4, top: 5, width: 6, height: 7 };
const red = [255, 0, 0];
const grey = [90, 90, 90];

test("the canvas outside a GIF's first frame is transparent, in colour and in grey", async () => {
  for (const color of [red, grey]) {
    const file = gif({ ...part, color });
    const { frame, info, notices } = await decodePicture(file, defaultLimits);
    expect([info.format, info.channels, info.hasAlpha]).toEqual([ImageFormat.GIF, 4, true]);
    expect(await inspectPicture(file, defaultLimits)).toEqual(info);
    expect(notices).toEqual([]);
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        const isInside = x >= 4 && x < 10 && y >= 5 && y < 12;
        const pixel = [...frame.data.subarray((y * 16 + x) * 4, (y * 16 + x) * 4 + 4)];
        expect(pixel, `${x},${y}`).toEqual(isInside ? [...color, 255] : [0, 0, 0, 0]);
      }
    }
  }
});

test("it is transparent also in files, and with a transparent colour in the frame", async () => {
  const file = gif({ ...part, color: red });
  const { frame } = await decodePicture(file, defaultLimits);
  await withFrameStore(100, async (frameStore) => {
    const { raster } = await decodeRaster(file, defaultLimits, frameStore);
    expect(await toWholeFrame(raster)).toMatchObject({ channels: 4, data: frame.data });
  });
  const clear = await decodePicture(gif({ ...part, color: red, transparentIndex: 0 }), defaultLimits);
  expect(clear.frame).toEqual(frame);
});

test("a first frame that covers its canvas stays opaque", async () => {
  const { frame } = await decodePicture(gif({ left: 0, top: 0, width: 16, height: 16, color: red }), defaultLimits);
  expect([frame.channels, frame.data.length]).toEqual([3, 16 * 16 * 3]);
});

test("the count of pixels agrees with real encoders: only frames cut between blocks lack pixels", async () => {
  const noise = Uint8Array.from({ length: 90 * 70 * 3 }, (_, at) => (Math.imul(at + 1, 2_654_435_761) >>> 13) & 255);
  const files = await Promise.all(
    [2, 16, 256].map((colours) =>
      sharp(noise, { raw: { width: 90, height: 70, channels: 3 } })
        .gif({ colours })
        .toBuffer(),
    ),
  );
  for (const file of files) {
    expect(await gifLacksPixels(file)).toBe(false);
    // The blocks of the only frame follow its descriptor and the code size; sharp writes a local or a global table.
    const cut = cutBetweenBlocks(file, 0.5);
    expect(await gifLacksPixels(cut)).toBe(true);
    await expect(decodePicture(cut, defaultLimits)).rejects.toMatchObject({ reason: "IMAGE_TRUNCATED" });
  }
});

/** Returns the file with only the first blocks of its frame, and a proper end. */
function cutBetweenBlocks(file: Buffer, share: number): Buffer {
  let at = 13 + tableBytes(file[10] ?? 0);
  while (file[at] === 0x21) at = skipBlocks(file, at + 2, file.length);
  const data = at + 11 + tableBytes(file[at + 9] ?? 0);
  const end = skipBlocks(file, data, data + (file.length - data) * share);
  return Buffer.concat([file.subarray(0, end), Uint8Array.of(0, 0x3b)]);
}

function skipBlocks(file: Buffer, start: number, limit: number): number {
  let at = start;
  while (at < limit) {
    const length = file[at] ?? 0;
    at += 1 + length;
    if (length === 0) break;
  }
  return at;
}

function tableBytes(flags: number): number {
  return flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0;
}
