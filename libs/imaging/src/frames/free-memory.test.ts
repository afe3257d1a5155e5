import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, test } from "vitest";
import { withFrameStore } from "../../test/with-frame-store.ts";
import { sharp } from "../engine/engine.ts";
import { resizeRaster } from "../transform/resize.ts";
import { createFrame } from "./frame.ts";
import { createFrameStore } from "./frame-store.ts";
import { freeMemory } from "./free-memory.ts";
import { toWholeFrame } from "./raster-rows.ts";
import { createSpareMemory } from "./spare-memory.ts";

const noFiles = () => Promise.reject(new Error("no file is needed"));

test("a frame store frees the pixels that libvips made when its work has ended well, and not when it is closed", async () => {
  const frame = createFrame(64, 64, 3);
  const resize = async (frameStore: ReturnType<typeof createFrameStore>) =>
    toWholeFrame(await resizeRaster(frame, 32, 32, "lanczos3", frameStore));
  const ended = createFrameStore(noFiles, 2 ** 20);
  const freed = await resize(ended);
  expect(freed.data).toHaveLength(32 * 32 * 3);
  await ended.end();
  expect(freed.data).toHaveLength(0);
  const closed = createFrameStore(noFiles, 2 ** 20);
  const kept = await resize(closed);
  await closed.close();
  expect(kept.data).toHaveLength(32 * 32 * 3);
  expect(frame.data).toHaveLength(64 * 64 * 3);
});

test("a frame store does not hold pixels that its work has dropped", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const frameStore = createFrameStore(noFiles, 2 ** 20);
  const drop = () => {
    const pixels = new Uint8Array(2 ** 20);
    frameStore.own(pixels);
    return new WeakRef(pixels.buffer);
  };
  const dropped = drop();
  await expect
    .poll(() => {
      gc();
      return dropped.deref() === undefined;
    })
    .toBe(true);
  await frameStore.end();
});

test("pixels that are taken over twice, or freed before, are freed once", async () => {
  const frameStore = createFrameStore(noFiles, 2 ** 20);
  const pixels = [new Uint8Array(100), new Uint8Array(200)] as const;
  for (const one of [...pixels, ...pixels]) frameStore.own(one);
  freeMemory(pixels[1]);
  await frameStore.end();
  expect(pixels.map(({ length }) => length)).toEqual([0, 0]);
});

test("memory for reuse is kept, though a frame store took it over", async () => {
  const spare = createSpareMemory(2 ** 22);
  const frameStore = createFrameStore(noFiles, 2 ** 22, spare);
  const memory = frameStore.newMemory(2 ** 20);
  frameStore.own(memory);
  await frameStore.end();
  expect(spare.take(2 ** 20).buffer).toBe(memory.buffer);
});

test("a part of a buffer is not freed, and freeing twice is harmless", async () => {
  const whole = new Uint8Array(100);
  freeMemory(whole.subarray(10));
  expect(whole).toHaveLength(100);
  freeMemory(whole);
  freeMemory(whole);
  expect(whole).toHaveLength(0);
  // Memory of libvips is freed, too.
  const pixels = await sharp({ create: { width: 50, height: 50, channels: 3, background: "red" } })
    .raw()
    .toBuffer();
  freeMemory(pixels);
  expect(pixels).toHaveLength(0);
  await withFrameStore(0, async (frameStore) => {
    frameStore.own(new Uint8Array(3));
    await frameStore.end();
    await expect(frameStore.newPath("v")).rejects.toThrow();
  });
});
