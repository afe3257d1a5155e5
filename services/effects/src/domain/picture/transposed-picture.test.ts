import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createFrameSource, createFrameStore, type FrameStore, memoryFrameStore } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import { expect, onTestFinished, test } from "vitest";
import { createPicture } from "../../../test/pictures.ts";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { createFloatPicture } from "./float-picture.ts";
import { type PictureRows, toPictureRows } from "./picture-rows.ts";
import { transposedBytes, transposePicture } from "./transposed-picture.ts";

const sizes = [
  [1, 1],
  [1, 70],
  [70, 1],
  [64, 64],
  [65, 63],
  [130, 200],
] as const;

async function createDirectory(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), "transposed-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  return dir;
}

async function transpose(picture: PictureRows, frameStore: FrameStore) {
  const space = openKernelSpace();
  onTestFinished(() => space.close());
  return transposePicture(picture, { space, frameStore, pace: createPace() });
}

/** Returns the bytes of a picture with pixels of `size` bytes, rows and columns exchanged. */
function exchanged(bytes: Uint8Array, widthPx: number, size: number): Uint8Array {
  const heightPx = bytes.length / widthPx / size;
  return bytes.map((_, at) => {
    const [pixel, part] = [Math.floor(at / size), at % size];
    const [x, y] = [pixel % heightPx, Math.floor(pixel / heightPx)];
    return bytes[(x * widthPx + y) * size + part]!;
  });
}

test.each(sizes)("bytes of %i×%i, in memory and in a file", async (widthPx, heightPx) => {
  const dir = await createDirectory();
  for (const channels of [1, 2, 3, 4] as const) {
    const frame = createPicture(widthPx, heightPx, channels);
    for (const frameStore of [memoryFrameStore, createFrameStore(async () => dir, 0)]) {
      const picture = toPictureRows(createFrameSource(frame));
      const turned = await transpose(picture, frameStore);
      expect(turned).toMatchObject({ format: "bytes", channels });
      expect(turned.shape).toEqual({ ...picture.shape, widthPx: heightPx, heightPx: widthPx });
      const rows = await turned.readRows(0, widthPx);
      expect(Buffer.compare(rows, exchanged(frame.data, widthPx, channels))).toBe(0);
      await turned.close();
      await frameStore.close();
    }
  }
});

test.each(sizes)("floats of %i×%i, in memory and in a file", async (widthPx, heightPx) => {
  const dir = await createDirectory();
  for (const channels of [3, 4] as const) {
    const shape = { widthPx, heightPx, channels };
    const floats = Float32Array.from({ length: widthPx * heightPx * channels }, (_, i) => Math.sin(i) - 0.3);
    const bytes = new Uint8Array(floats.buffer);
    for (const frameStore of [memoryFrameStore, createFrameStore(async () => dir, 0)]) {
      const sink = await createFloatPicture(shape, frameStore);
      await sink.writeRows(0, bytes);
      const picture = await sink.open();
      const turned = await transpose(picture, frameStore);
      await picture.close();
      expect(turned).toMatchObject({ format: "floats", channels, shape: { channels } });
      const rows = await turned.readRows(0, widthPx);
      expect(Buffer.compare(rows, exchanged(bytes, widthPx, channels * 4))).toBe(0);
      await turned.close();
      await frameStore.close();
    }
  }
});

test("rows can be read in any order, and twice transposed they are those of the picture", async () => {
  const frame = createPicture(150, 140, 3);
  const picture = toPictureRows(createFrameSource(frame));
  const turned = await transpose(picture, memoryFrameStore);
  const whole = exchanged(frame.data, 150, 3);
  for (const [top, count] of [
    [149, 1],
    [60, 70],
    [0, 3],
    [2, 148],
    [63, 2],
  ] as const) {
    const rows = await turned.readRows(top, count);
    expect(Buffer.compare(rows, whole.subarray(top * 420, (top + count) * 420))).toBe(0);
  }
  const back = await transpose(turned, memoryFrameStore);
  expect(Buffer.compare(await back.readRows(0, 140), frame.data)).toBe(0);
});

test("a file has the bytes that are declared for floats, and is removed by close", async () => {
  const dir = await createDirectory();
  const frameStore = createFrameStore(async () => dir, 0);
  const shape = { widthPx: 100, heightPx: 30, channels: 4 } as const;
  const sink = await createFloatPicture(shape, memoryFrameStore);
  await sink.writeRows(0, new Uint8Array(100 * 30 * 16));
  const turned = await transpose(await sink.open(), frameStore);
  // Two blocks of 64 × 64 pixels.
  expect(transposedBytes(shape)).toBe(2 * 64 * 64 * 16);
  const files = async () => (await readdir(dir, { recursive: true })).filter((name) => name.endsWith(".v"));
  expect(await files()).toHaveLength(1);
  await turned.close();
  expect(await files()).toHaveLength(0);
  await frameStore.close();
});

test("an abort ends the work with its reason", async () => {
  const reason = new Error("not wanted any more");
  const space = openKernelSpace();
  onTestFinished(() => space.close());
  const pace = createPace(AbortSignal.abort(reason), 1);
  const picture = toPictureRows(createFrameSource(createPicture(200, 200, 3)));
  await expect(transposePicture(picture, { space, frameStore: memoryFrameStore, pace })).rejects.toBe(reason);
});
