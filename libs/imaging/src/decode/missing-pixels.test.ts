import { deflateSync } from "node:zlib";
import { pngChunk, png as writePng } from "@pixelmesh/testing/pictures";
import { expect, test } from "vitest";
import { restartJpeg, restartProgressiveJpeg } from "../../test/foreign-files.ts";
import { sharp } from "../engine/engine.ts";
import { defaultLimits } from "../limits.ts";
import { decodePicture } from "./decode.ts";

const limits = { ...defaultLimits, allowTiff: true };
const [width, height] = [96, 80];
const END = Uint8Array.of(0xff, 0xd9);

/** A picture full of detail, so that all parts of its file hold pixels. */
function noise(channels: 1 | 3 = 3) {
  const samples = Uint8Array.from(
    { length: width * height * channels },
    (_, at) => (Math.imul(at + 1, 2_654_435_761) >>> 13) & 255,
  );
  return sharp(samples, { raw: { width, height, channels } });
}

async function outcomeOf(file: Uint8Array): Promise<string> {
  return decodePicture(file, limits).then(
    ({ notices }) => notices.map(({ kind }) => kind).join() || "whole",
    (error: { reason: string }) => error.reason,
  );
}

const jpegs: Readonly<Record<string, () => Promise<Buffer>>> = {
  "with chroma halved": () => noise().jpeg({ quality: 90, chromaSubsampling: "4:2:0" }).toBuffer(),
  "with full chroma": () => noise().jpeg({ quality: 90, chromaSubsampling: "4:4:4" }).toBuffer(),
  "of grey": () => noise(1).toColourspace("b-w").jpeg({ quality: 90 }).toBuffer(),
  progressive: () => noise().jpeg({ quality: 90, progressive: true }).toBuffer(),
  "of 8 rows": () => noise().extract({ left: 0, top: 0, width, height: 8 }).jpeg({ quality: 90 }).toBuffer(),
  "with restart markers": async () => restartJpeg,
  "progressive with restart markers": async () => restartProgressiveJpeg,
};

for (const [name, make] of Object.entries(jpegs)) {
  test(`a JPEG ${name} that lacks pixels is truncated, with an end marker or without, down to its last rows`, async () => {
    const file = await make();
    expect(await outcomeOf(file)).toBe("whole");
    // At least a block of the last row is missing.
    const scanAt = file.indexOf(Buffer.from([0xff, 0xda])) + 16;
    const cuts = [0.1, 0.4, 0.7, 0.9].map((share) => Math.floor(scanAt + (file.length - scanAt) * share));
    if (file.length > 2_000) cuts.push(file.length - 120, file.length - 40);
    for (const cut of cuts) {
      const part = file.subarray(0, cut);
      expect(await outcomeOf(part), `cut at ${cut} of ${file.length}`).toBe("IMAGE_TRUNCATED");
      expect(await outcomeOf(Buffer.concat([part, END])), `cut at ${cut}, ended`).toBe("IMAGE_TRUNCATED");
    }
  });

  test(`a JPEG ${name} that lacks only its end marker is decoded, with a notice`, async () => {
    const file = await make();
    const whole = await decodePicture(file, limits);
    const without = await decodePicture(file.subarray(0, -2), limits);
    expect(without.frame).toEqual(whole.frame);
    expect(without.notices).toEqual([
      { stepId: "", kind: "missing_end", text: "The JPEG file lacks its end; all pixels of the picture are there" },
    ]);
  });
}

test("a progressive JPEG that is cut between two scans lacks pixels, though every scan is whole", async () => {
  const file = await noise().jpeg({ progressive: true }).toBuffer();
  const scans: number[] = [];
  for (
    let at = file.indexOf(Buffer.from([0xff, 0xda]));
    at >= 0;
    at = file.indexOf(Buffer.from([0xff, 0xda]), at + 2)
  ) {
    scans.push(at);
  }
  expect(scans.length).toBeGreaterThan(5);
  for (const at of scans.slice(1)) {
    expect(await outcomeOf(file.subarray(0, at))).toBe("IMAGE_TRUNCATED");
  }
  // With an end marker, bits that were announced for later scans count.
  for (const at of scans.slice(1))
    expect(await outcomeOf(Buffer.concat([file.subarray(0, at), END]))).toBe("IMAGE_TRUNCATED");
});

test("missing pixels are found while other pictures fail, though libvips mixes the messages", async () => {
  const progressive = await noise().jpeg({ quality: 90, progressive: true }).toBuffer();
  const png = await noise().png().toBuffer();
  const files = [
    Buffer.concat([progressive.subarray(0, progressive.length - 60), END]),
    Buffer.concat([restartJpeg.subarray(0, restartJpeg.length - 60), END]),
    png.subarray(0, png.length / 2),
  ];
  const outcomes = await Promise.all(Array.from({ length: 90 }, (_, nth) => outcomeOf(files[nth % 3] as Buffer)));
  expect(new Set(outcomes)).toEqual(new Set(["IMAGE_TRUNCATED"]));
});

test("a turned JPEG without its end marker is checked to its last rows, too", async () => {
  const file = await noise()
    .jpeg({ quality: 90, chromaSubsampling: "4:4:4" })
    .withMetadata({ orientation: 6 })
    .toBuffer();
  expect(await outcomeOf(file.subarray(0, -2))).toBe("missing_end");
  expect(await outcomeOf(file.subarray(0, -60))).toBe("IMAGE_TRUNCATED");
});

test("a JPEG with damaged data is decoded with a notice", async () => {
  const file = Buffer.from(restartJpeg);
  // The third restart marker gets a wrong number.
  const at = file.indexOf(Buffer.from([0xff, 0xd2]));
  file[at + 1] = 0xd5;
  expect(await outcomeOf(file)).toBe("damaged");
});

test("a PNG that lacks rows is truncated, with any chunks at its end; one that lacks only its end is decoded", async () => {
  const row = Buffer.concat([Uint8Array.of(0), Buffer.alloc(width * 3, 77)]);
  const rows = deflateSync(Buffer.concat(Array(height).fill(row)));
  const halfRows = deflateSync(Buffer.concat(Array(height / 2).fill(row)));
  expect(await outcomeOf(writePng(width, height, [], rows))).toBe("whole");
  expect(await outcomeOf(writePng(width, height, [], rows.subarray(0, rows.length / 2)))).toBe("IMAGE_TRUNCATED");
  expect(await outcomeOf(writePng(width, height, [], halfRows))).toBe("IMAGE_TRUNCATED");
  const whole = writePng(width, height, [], rows);
  const endBytes = pngChunk("IEND", Buffer.alloc(0)).length;
  for (const missing of [1, 5, endBytes, endBytes + 2]) {
    expect(await outcomeOf(whole.subarray(0, -missing)), `${missing} bytes missing`).toBe("missing_end");
  }
  const flipped = Buffer.from(whole);
  const at = flipped.indexOf("IDAT") + 10;
  flipped[at] = (flipped[at] ?? 0) ^ 0xff;
  expect(await outcomeOf(flipped)).toBe("IMAGE_CORRUPT");
});

test("a GIF that lacks only its end is decoded, and one that is cut in a later frame gives its first frame", async () => {
  const file = await noise().gif().toBuffer();
  const whole = await decodePicture(file, limits);
  for (const missing of [1, 2]) {
    const { frame, notices } = await decodePicture(file.subarray(0, -missing), limits);
    expect(frame).toEqual(whole.frame);
    expect(notices.map(({ kind }) => kind)).toEqual(["missing_end"]);
  }
  expect(await outcomeOf(file.subarray(0, file.length / 2))).toBe("IMAGE_TRUNCATED");
  const frames = Buffer.concat([
    Buffer.alloc(width * 40 * 3, 250),
    Buffer.from(whole.frame.data.subarray(0, width * 40 * 3)),
  ]);
  const animation = await sharp(frames, { raw: { width, height: 80, channels: 3, pageHeight: 40 } })
    .gif()
    .toBuffer();
  expect(await outcomeOf(animation.subarray(0, animation.length * 0.8))).toBe("first_frame,missing_end");
});

test("a WebP that lacks data is truncated, also with adjusted sizes; one that lacks only its padding is decoded", async () => {
  for (const lossless of [false, true]) {
    const file = await noise().webp({ lossless }).toBuffer();
    // The code tables of noise take more than half of a lossless file; without them it is damaged, not truncated.
    const half = Buffer.from(file.subarray(0, (file.length * (lossless ? 0.8 : 0.5)) & ~1));
    expect(await outcomeOf(half)).toBe("IMAGE_TRUNCATED");
    half.writeUInt32LE(half.length - 8, 4);
    half.writeUInt32LE(half.length - 20, 16);
    expect(await outcomeOf(half)).toBe("IMAGE_TRUNCATED");
    // libwebp counts its padding as data, so a chunk of odd length is appended.
    const odd = Buffer.concat([file, Buffer.from("JUNK\x03\0\0\0abc\0", "latin1")]);
    odd.writeUInt32LE(odd.length - 8, 4);
    expect(await outcomeOf(odd)).toBe("whole");
    expect(await outcomeOf(odd.subarray(0, -1))).toBe("missing_end");
    expect(await outcomeOf(file.subarray(0, -1))).toBe("IMAGE_TRUNCATED");
  }
});

test("AVIF and TIFF that lack data are truncated, also with adjusted sizes", async () => {
  const avif = await noise().avif({ effort: 0 }).toBuffer();
  const cut = Buffer.from(avif.subarray(0, avif.length * 0.7));
  const mdat = cut.indexOf("mdat") - 4;
  cut.writeUInt32BE(cut.length - mdat, mdat);
  for (const file of [cut, avif.subarray(0, -1)]) expect(await outcomeOf(file)).toBe("IMAGE_TRUNCATED");
  for (const compression of ["none", "lzw", "deflate"] as const) {
    const tiff = await noise().tiff({ compression }).toBuffer();
    for (const share of [0.1, 0.5, 0.9]) {
      expect(await outcomeOf(tiff.subarray(0, tiff.length * share)), compression).toBe("IMAGE_TRUNCATED");
    }
  }
});
