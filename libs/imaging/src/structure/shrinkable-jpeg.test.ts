import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { restartJpeg } from "../../test/foreign-files.ts";
import { sharp } from "../engine/engine.ts";
import { toShrinkableJpeg } from "./shrinkable-jpeg.ts";

/** A JPEG full of detail. */
function noise(width: number, height: number, chromaSubsampling: string): Promise<Buffer> {
  const samples = Uint8Array.from(
    { length: width * height * 3 },
    (_, at) => (Math.imul(at + 1, 2_654_435_761) >>> 13) & 255,
  );
  return sharp(samples, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 90, chromaSubsampling })
    .toBuffer();
}

async function openDecoder(): Promise<(bytes: Uint8Array, shrink: number) => Promise<{ data: Buffer; rows: number }>> {
  // libvips reads the factor from the last brackets of a name.
  const dir = await mkdtemp(join(tmpdir(), "pixelmesh-[1]-"));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return async (bytes, shrink) => {
    await writeFile(join(dir, "a.jpg"), bytes);
    const image = sharp(`${join(dir, "a.jpg")}[shrink=${shrink}]`, { failOn: "none" });
    const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
    return { data, rows: info.height };
  };
}

for (const chroma of ["4:4:4", "4:2:0"]) {
  test(`the first rows of the taller copy are those of the original, with chroma ${chroma}`, async () => {
    const decode = await openDecoder();
    for (const [width, height] of [
      [400, 304],
      [397, 291],
      [80, 17],
    ] as const) {
      const file = await noise(width, height, chroma);
      for (const shrink of [2, 4, 8] as const) {
        const taller = toShrinkableJpeg(file, shrink);
        const [original, copy] = [await decode(file, shrink), await decode(taller?.bytes ?? file, shrink)];
        expect(copy.rows).toBe(taller?.decodedRows);
        expect(copy.rows).toBeGreaterThan(Math.ceil(height / shrink));
        expect(Buffer.compare(copy.data.subarray(0, original.data.length), original.data)).toBe(0);
      }
    }
  });
}

test("a progressive file stays as it is, and a file with restart markers is taken where it ends with a strip", async () => {
  const progressive = await sharp(await noise(96, 80, "4:2:0"))
    .jpeg({ progressive: true })
    .toBuffer();
  expect(toShrinkableJpeg(progressive, 4)).toEqual({ bytes: progressive, decodedRows: undefined });
  // 48 rows: 24 at a factor of 2, which end with a strip of 8; 12 and 6 do not.
  expect(toShrinkableJpeg(restartJpeg, 2)?.decodedRows).toBe(25);
  expect(toShrinkableJpeg(restartJpeg, 4)).toBeUndefined();
  expect(toShrinkableJpeg(restartJpeg, 8)).toBeUndefined();
});
