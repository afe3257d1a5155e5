import { type Content, contentOf } from "@pixelmesh/imaging";
import { testPicture } from "@pixelmesh/testing";
import fc from "fast-check";
import sharp from "sharp";
import { expect, test } from "vitest";
import { damageJpeg } from "./jpeg-damage.ts";

/** Markers of a JPEG with their places, read byte by byte: ITU-T T.81, B.1.1. Throws where a byte is none that may stand there. */
function walk(bytes: Uint8Array): string[] {
  const found: string[] = [];
  const need = (isTrue: boolean, at: number) => {
    if (!isTrue) throw new Error(`Expected another byte at ${at}, got ${bytes[at]}`);
  };
  need(bytes[0] === 0xff && bytes[1] === 0xd8, 0);
  let at = 2;
  let isScan = false;
  while (true) {
    if (isScan) {
      while (bytes[at] !== 0xff || bytes[at + 1] === 0) at += bytes[at] === 0xff ? 2 : 1;
      const marker = bytes[at + 1]!;
      // In the data only restart markers and the end may follow 0xff.
      need((marker >= 0xd0 && marker <= 0xd7) || marker === 0xd9, at + 1);
      found.push(`${at} ${marker.toString(16)}`);
      at += 2;
      if (marker === 0xd9) break;
      continue;
    }
    need(bytes[at] === 0xff, at);
    const marker = bytes[at + 1]!;
    need(marker >= 0xc0 && marker !== 0xff && marker !== 0xd8 && marker !== 0xd9, at + 1);
    found.push(`${at} ${marker.toString(16)}`);
    at += 2 + bytes[at + 2]! * 256 + bytes[at + 3]!;
    isScan = marker === 0xda;
  }
  need(at === bytes.length, at);
  return found;
}

async function bytesOf(content: Content): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of content.parts()) parts.push(part);
  return Buffer.concat(parts);
}

/** The same bytes in parts of `length`. */
function inParts(bytes: Uint8Array, length: number): Content {
  const parts = Array.from({ length: Math.ceil(bytes.length / length) }, (_, i) =>
    bytes.subarray(i * length, (i + 1) * length),
  );
  return contentOf(...parts);
}

async function photograph(quality: number): Promise<Buffer> {
  const { bytes } = await testPicture("still-life.jpg");
  return sharp(bytes).resize(240).jpeg({ quality, optimiseCoding: false }).toBuffer();
}

/** A JPEG with restart markers after every two units: that of sharp, with its own data between them. */
function withRestarts(jpeg: Buffer): Buffer {
  const scan = jpeg.indexOf(Buffer.from([0xff, 0xda]));
  const data = scan + 2 + jpeg.readUInt16BE(scan + 2);
  const interval = Buffer.from([0xff, 0xdd, 0, 4, 0, 2]);
  const pieces: Buffer[] = [jpeg.subarray(0, scan), interval, jpeg.subarray(scan, data)];
  for (let at = data, i = 0; at < jpeg.length - 2; i++) {
    let end = Math.min(jpeg.length - 2, at + 50);
    if (jpeg[end - 1] === 0xff) end += 1;
    pieces.push(jpeg.subarray(at, end), Buffer.from([0xff, 0xd0 + (i % 8)]));
    at = end;
  }
  return Buffer.concat([...pieces, jpeg.subarray(-2)]);
}

test("the structure stays, and as many bytes of the data change as wanted", async () => {
  for (const plain of [await photograph(20), await photograph(95)]) {
    for (const jpeg of [plain, withRestarts(plain)]) {
      const copy = Buffer.from(jpeg);
      const dataStart = Number(
        walk(jpeg)
          .find((marker) => marker.endsWith(" da"))
          ?.split(" ")[0],
      );
      for (const amount of [0, 1, 40, 500]) {
        const damaged = await bytesOf(damageJpeg(contentOf(jpeg), { amount, start: 0, seed: 5 }));
        expect(walk(damaged)).toEqual(walk(jpeg));
        const changed = [...damaged.keys()].filter((i) => damaged[i] !== jpeg[i]);
        expect(changed).toHaveLength(amount);
        expect(changed.every((i) => i > dataStart + 8)).toBe(true);
      }
      expect(jpeg.equals(copy)).toBe(true);
    }
  }
});

test("damage begins at its start and reaches to the end", async () => {
  const jpeg = await photograph(80);
  for (const start of [0, 0.5, 0.9]) {
    const damaged = await bytesOf(damageJpeg(contentOf(jpeg), { amount: 400, start, seed: 1 }));
    const changed = [...damaged.keys()].filter((i) => damaged[i] !== jpeg[i]);
    expect(changed[0]! / jpeg.length).toBeGreaterThan(start);
    expect(changed[0]! / jpeg.length).toBeLessThan(start + 0.1);
    expect(changed.at(-1)! / jpeg.length).toBeGreaterThan(0.98);
  }
});

test("every byte of a file may be changed, and parts of any length give the same bytes", async () => {
  const jpeg = withRestarts(await photograph(30));
  const settings = fc.record({
    amount: fc.integer({ min: 0, max: 20_000 }),
    start: fc.double({ min: 0, max: 1, noNaN: true }),
    seed: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  });
  const property = fc.asyncProperty(settings, fc.integer({ min: 1, max: 3_000 }), async (damage, length) => {
    const whole = await bytesOf(damageJpeg(contentOf(jpeg), damage));
    expect(whole.equals(await bytesOf(damageJpeg(inParts(jpeg, length), damage)))).toBe(true);
    expect(walk(whole)).toEqual(walk(jpeg));
  });
  await fc.assert(property, { numRuns: 60 });
});

test("a file without a scan is INTERNAL", async () => {
  const damaged = damageJpeg(contentOf(Uint8Array.of(0xff, 0xd8, 0xff, 0xd9)), { amount: 1, start: 0, seed: 0 });
  await expect(bytesOf(damaged)).rejects.toMatchObject({ reason: "INTERNAL" });
});
