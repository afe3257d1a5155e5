import { expect, test } from "vitest";
import { createSmallPictures, maxJobContentBytes } from "./small-pictures.ts";

const mib = 1024 * 1024;
const bytesOf = (length: number) => new Uint8Array(length).fill(7);

test("a small picture of a job is found by job and digest, as a copy", () => {
  const pictures = createSmallPictures(64 * mib);
  const bytes = Buffer.from(bytesOf(100));
  pictures.keep("job", "digest", bytes, 0);
  bytes.fill(9);
  expect(pictures.find("job", "digest")).toEqual(bytesOf(100));
  expect(pictures.find("other", "digest")).toBeUndefined();
  expect(pictures.find("job", "other")).toBeUndefined();
});

test("a picture above the bound of a work item is not kept, nor one without bytes", () => {
  const pictures = createSmallPictures(64 * mib);
  pictures.keep("job", "fits", bytesOf(maxJobContentBytes), 0);
  pictures.keep("job", "large", bytesOf(maxJobContentBytes + 1), 0);
  pictures.keep("job", "named", bytesOf(0), 0);
  expect(["fits", "large", "named"].map((digest) => pictures.find("job", digest) !== undefined)).toEqual([
    true,
    false,
    false,
  ]);
});

test("no picture is kept while the open jobs could fill half of the work queue", () => {
  // 1 MiB: half of it holds 16 work items of 32 KiB.
  const pictures = createSmallPictures(mib);
  pictures.keep("a", "digest", bytesOf(10), 16);
  pictures.keep("b", "digest", bytesOf(10), 17);
  expect([pictures.find("a", "digest")?.length, pictures.find("b", "digest")]).toEqual([10, undefined]);
});

test("the kept pictures take at most 4 MiB: the oldest are dropped", () => {
  const pictures = createSmallPictures(1024 * mib);
  for (let n = 0; n < 200; n++) pictures.keep(`job-${n}`, "digest", bytesOf(maxJobContentBytes), 0);
  const found = Array.from({ length: 200 }, (_, n) => pictures.find(`job-${n}`, "digest")?.length ?? 0);
  expect(found.reduce((sum, length) => sum + length)).toBeLessThanOrEqual(4 * mib);
  expect([found[0], found[199]]).toEqual([0, maxJobContentBytes]);
});
