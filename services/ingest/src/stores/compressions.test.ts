import { readFileSync } from "node:fs";
import { defaultLimits } from "@pixelmesh/imaging";
import { Source } from "@pixelmesh/proto";
import { createByteBudget } from "@pixelmesh/rpc";
import sharp from "sharp";
import { expect, test } from "vitest";
import { type CompressionParts, createMeasureCompressions } from "./compressions.ts";

const scene = sharp(readFileSync(new URL("../../../../examples/still-life.jpg", import.meta.url))).resize(160, 120);
const source = (name: string, sha256: string) => Source.create({ name, sha256 });

/** A measure of pictures by digest, and the digests that it has read. A picture that is missing fails once, then is there. */
async function openMeasure(missingOnce: readonly string[] = []) {
  const pictures = new Map([
    ["low", await scene.clone().jpeg({ quality: 20 }).toBuffer()],
    ["png", await scene.clone().png().toBuffer()],
  ]);
  const missing = new Set(missingOnce);
  const reads: string[] = [];
  const blobs: CompressionParts["blobs"] = {
    async read(sha256) {
      reads.push(sha256);
      if (missing.delete(sha256)) throw new Error("storage is away");
      const bytes = pictures.get(sha256) ?? Buffer.alloc(0);
      async function* parts() {
        yield bytes;
      }
      return { sizeBytes: bytes.length, parts: parts() };
    },
  };
  const uploads = createByteBudget({ totalBytes: 2 ** 20, name: "uploads" });
  return { measure: createMeasureCompressions({ blobs, uploads, limits: defaultLimits }), reads, uploads };
}

test("each picture is read once, however many jobs name it, and the memory is given back", async () => {
  const { measure, reads, uploads } = await openMeasure();
  const both = [source("source", "low"), source("other", "png")];
  const [first] = await Promise.all([measure(both), measure(both)]);
  expect(first?.get("source")?.jpegQuality).toBe(20);
  expect(first?.get("other")?.jpegQuality).toBeUndefined();
  expect((await measure([source("again", "low")])).get("again")).toBe(first?.get("source"));
  expect(reads.toSorted()).toEqual(["low", "png"]);
  expect(uploads.usedBytes).toBe(0);
});

test("a failure is thrown and not kept", async () => {
  const { measure, uploads } = await openMeasure(["low"]);
  await expect(measure([source("source", "low")])).rejects.toThrow("storage is away");
  expect((await measure([source("source", "low")])).get("source")?.jpegQuality).toBe(20);
  expect(uploads.usedBytes).toBe(0);
});

test("nothing is read where nothing is asked", async () => {
  const { measure, reads } = await openMeasure();
  expect((await measure([])).size).toBe(0);
  expect(reads).toEqual([]);
});
