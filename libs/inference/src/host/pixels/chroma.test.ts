import { describe, expect, test } from "vitest";
import { joinChroma, toLuma } from "./chroma.ts";

const picture = (widthPx: number, heightPx: number, rgb: (x: number, y: number) => number[]) => {
  const data = Uint8Array.from(
    Array.from({ length: widthPx * heightPx }, (_, i) => rgb(i % widthPx, Math.floor(i / widthPx))).flat(),
  );
  return { widthPx, heightPx, channels: 3 as const, data };
};
const enlargeLuma = (luma: Uint8Array, widthPx: number, heightPx: number, scale: number) =>
  Uint8Array.from(
    { length: luma.length * scale * scale },
    (_, i) =>
      luma[
        Math.floor(Math.floor(i / (widthPx * scale)) / scale) * widthPx + Math.floor((i % (widthPx * scale)) / scale)
      ]!,
  ).subarray(0, widthPx * heightPx * scale * scale);

describe("chroma", () => {
  test("of one colour stays that colour within one level", () => {
    for (const colour of [
      [200, 40, 90],
      [0, 0, 255],
      [255, 255, 255],
      [12, 200, 3],
    ]) {
      const small = picture(5, 4, () => colour);
      const bytes = joinChroma(enlargeLuma(toLuma(small.data), 5, 4, 2), small, 2);
      const worst = Math.max(...bytes.map((value, i) => Math.abs(value - colour[i % 3]!)));
      expect(worst).toBeLessThanOrEqual(1);
    }
  });

  test("of grey stays exactly the luma", () => {
    const small = picture(6, 6, (x, y) => Array(3).fill((x * 40 + y * 7) % 256));
    const luma = enlargeLuma(toLuma(small.data), 6, 6, 4);
    const bytes = joinChroma(luma, small, 4);
    expect([...bytes]).toEqual([...luma].flatMap((value) => [value, value, value]));
  });

  test("follows a linear ramp, as cubic interpolation must away from borders", () => {
    const small = picture(12, 3, (x) => [100 + 5 * x, 100, 100]);
    const flat = new Uint8Array(24 * 6).fill(110);
    const bytes = joinChroma(flat, small, 2);
    const reds = Array.from({ length: 16 }, (_, i) => bytes[(2 * 24 + i + 4) * 3]!);
    const steps = reds.slice(1).map((red, i) => red - reds[i]!);
    // 5 of red a pixel are 5 × (1 − 0.299) more red over luma a pixel, half of that at twice the size.
    const mean = steps.reduce((sum, step) => sum + step, 0) / steps.length;
    expect(Math.abs(mean - 1.7525)).toBeLessThan(0.1);
    for (const step of steps) expect(Math.abs(step - 1.75)).toBeLessThan(1.01);
  });

  test("of a part equals that of the whole with two pixels of context", () => {
    const small = picture(20, 9, (x, y) => [(x * 37) % 256, (y * 91 + x) % 256, (x * y * 13) % 256]);
    const part = picture(12, 9, (x, y) => [...small.data.subarray((y * 20 + x) * 3, (y * 20 + x) * 3 + 3)]);
    const luma = (widthPx: number) => new Uint8Array(widthPx * 2 * 18).fill(128);
    const whole = joinChroma(luma(20), small, 2);
    const cut = joinChroma(luma(12), part, 2);
    for (let y = 0; y < 18; y++) {
      expect([...cut.subarray(y * 24 * 3, (y * 24 + 20) * 3)]).toEqual([
        ...whole.subarray(y * 40 * 3, (y * 40 + 20) * 3),
      ]);
    }
  });
});
