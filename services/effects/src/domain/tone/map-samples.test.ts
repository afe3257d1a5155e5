import { expect, test } from "vitest";
import { createPicture, toEffect } from "../../../test/pictures.ts";
import { openKernelSpace } from "../../kernels/kernel-space.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

const all = [
  toEffect("invert", { amount: 30 }),
  toEffect("curves", { points: "0:0.1 0.4:0.7 1:0.9", channel: "green" }),
  toEffect("posterize", { levels: 7 }),
  toEffect("color", { exposure: 0.4, temperature: 35, tint: -20, gamma: 1.3, contrast: 140 }),
];

test.each(all)("$name has the bytes that it has with floats on one side", async (effect) => {
  for (const channels of [1, 2, 3, 4] as const)
    for (const [width, height] of [
      [1, 1],
      [5, 1],
      [83, 41],
      [1, 7],
    ] as const) {
      const picture = createPicture(width, height, channels);
      // Without a saturation the effect color changes nothing, so both chains have the same result.
      const alone = await applyChain(picture, parseEffects([effect]));
      const between = await applyChain(picture, parseEffects([toEffect("color"), effect, toEffect("color")]));
      expect(Buffer.compare(alone.data, between.data), `${width}x${height}x${channels}`).toBe(0);
    }
});

test("floats near the middle between two bytes become the byte of their exact product", () => {
  const space = openKernelSpace();
  const count = 255 * 64;
  const [from, to] = [space.allocate(count * 4), space.allocate(count)];
  const floats = new Float32Array(count);
  // 32 floats on either side of each middle.
  const bits = new Int32Array(floats.buffer);
  for (let middle = 0; middle < 255; middle++)
    for (let step = 0; step < 64; step++) {
      floats[middle * 64 + step] = (middle + 0.5) / 255;
      bits[middle * 64 + step] = (bits[middle * 64 + step] as number) + step - 32;
    }
  space.bytes(from, count * 4).set(new Uint8Array(floats.buffer));
  space.kernels.floatsToBytes(from, count, to);
  // A float has 24 bits and 255 has 8, so a double holds their product.
  const wanted = Uint8Array.from(floats, (value) => Math.floor(value * 255 + 0.5));
  expect([...space.bytes(to, count)]).toEqual([...wanted]);
  space.close();
});
