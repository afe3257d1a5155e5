import { createFrame } from "@pixelmesh/imaging";
import { expect, test } from "vitest";
import type { UpscaledPicture } from "./evaluate-upscaler.ts";
import { toUpscaleScore } from "./score.ts";
import { scoreTable } from "./table.ts";

const frame = createFrame(1, 1, 3);
const upscaled = (name: string, psnrDb: number, wallMs: number | null): UpscaledPicture => ({
  name,
  psnrDb,
  ssim: 0.9,
  wallMs,
  result: frame,
  picture: { name, original: frame, small: frame },
});
const ours = { name: "pixelmesh-sr-x4", task: "upscale", scale: 4, digest: "", speed: null };

test("a score holds means over the set, each picture, and whether the bar is reached", () => {
  const score = toUpscaleScore(ours, [upscaled("a", 30, 100.4), upscaled("b", 32.5, 300)]);
  expect(score.means).toEqual({ psnrDb: 31.25, ssim: 0.9 });
  expect(score.pictures[0]).toEqual({ name: "a", wallMs: 100, measures: { psnrDb: 30, ssim: 0.9 } });
  expect(score.pictureMs).toEqual({ min: 100, median: 200, max: 300 });
  expect(score.bar).toEqual({ measure: "psnrDb", atLeast: 31, isReached: true });
});

test("the mean is compared with the bar before it is rounded", () => {
  const { bar } = toUpscaleScore(ours, [upscaled("a", 30.99999, 1)]);
  expect(bar?.isReached).toBe(false);
});

test("the table has a line for each score, and marks a missed bar", () => {
  const missed = toUpscaleScore(ours, [upscaled("a", 30, 100)]);
  const bicubic = toUpscaleScore({ ...ours, name: "bicubic-x4" }, [upscaled("a", 28.431, null)]);
  const [head, ...lines] = scoreTable([bicubic, missed]).trimEnd().split("\n");
  expect(head).toMatch(/^MODEL +SCALE +SET +PSNR dB/);
  expect(lines).toHaveLength(2);
  expect(lines[0]).toMatch(/^bicubic-x4 +x4 +Set5 +28\.43 +0\.9000( +-){5}$/);
  expect(lines[1]).toMatch(/^pixelmesh-sr-x4 .* 100 +- +MISSED \(psnrDb >= 31\)$/);
});
