import { createFrame, decodePicture, defaultLimits, type Frame, resizeFrame } from "@pixelmesh/imaging";
import { PreviewMode } from "@pixelmesh/proto";
import { frameSsim, testPicture } from "@pixelmesh/testing";
import sharp from "sharp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { effectDescriptions, parseEffect } from "../src/domain/catalogue/catalogue.ts";
import { applyChain } from "../src/domain/chain.ts";
import { maxPreviewSidePx, parsePreviewSide, previewFactor, previewSize } from "../src/domain/preview.ts";
import { toEffect } from "./pictures.ts";
import { previewExceptions } from "./preview-exceptions.ts";

const widthPx = 1_600;
const heightPx = 1_200;
const leastSsim = 0.95;
const thumbnail = previewSize(widthPx, heightPx, 64);
const modes = [PreviewMode.FAST, PreviewMode.BALANCED, PreviewMode.HIGH];
const sides = modes.map((mode) => parsePreviewSide(0, mode));

/** The pictures of examples/ side by side with turned hues, as detailed at 1600 px as they are alone. */
async function drawDetailed(): Promise<Frame> {
  const { bytes: scene } = await testPicture("still-life.jpg");
  const { bytes: robot } = await testPicture("portrait-object.jpg");
  const tiles = await Promise.all(
    Array.from({ length: 16 }, async (_, at) => {
      const [left, top] = [400 * (at % 4), 300 * Math.floor(at / 4)];
      const tile = sharp((at + Math.floor(at / 4)) % 2 === 0 ? scene : robot).extract({
        left: 0,
        top: 30,
        width: 400,
        height: 300,
      });
      return {
        input: await tile
          .modulate({ hue: at * 25 })
          .png()
          .toBuffer(),
        left,
        top,
      };
    }),
  );
  const canvas = sharp({ create: { width: widthPx, height: heightPx, channels: 3, background: "#000000" } });
  return (await decodePicture(await canvas.composite(tiles).png().toBuffer(), defaultLimits)).frame;
}

const toThumbnail = (frame: Frame) => resizeFrame(frame, thumbnail.widthPx, thumbnail.heightPx);
const toText = (values: readonly number[]) => values.map((value) => value.toFixed(3)).join(", ");

// Wang, Bovik, Sheikh, Simoncelli: "Image quality assessment: from error visibility to structural similarity", 2004. `frameSsim` computes it on luma with
// their window.
describe("the preview of each effect looks like its full result shrunk to the same size", () => {
  let picture: Frame;
  let copy: Frame;
  const table: string[] = [];
  beforeAll(async () => {
    picture = await drawDetailed();
    // As the service keeps it.
    const kept = previewSize(widthPx, heightPx, maxPreviewSidePx);
    copy = await resizeFrame(picture, kept.widthPx, kept.heightPx);
  });
  afterAll(() => {
    const unlike = Object.entries(previewExceptions).map(([name, { why }]) => `  ${name}: ${why}`);
    process.stdout.write(
      `SSIM at ${sides.join(", ")} px\n${table.sort().join("\n")}\nNot alike:\n${unlike.join("\n")}\n`,
    );
  });

  /** Returns the SSIM at each side, of the pictures and of thumbnails of them. */
  async function compare(name: string, settings: Readonly<Record<string, number>>): Promise<[number[], number[]]> {
    const effect = parseEffect(toEffect(name, settings));
    const full = await applyChain(picture, [effect]);
    const likeness: number[] = [];
    const fromAfar: number[] = [];
    for (const side of sides) {
      const size = previewSize(widthPx, heightPx, side);
      const small = await resizeFrame(copy, size.widthPx, size.heightPx);
      const preview = await applyChain(small, [effect.atScale(previewFactor(size, picture))]);
      // An effect that changes the size rounds that of the preview by itself.
      const shrunk = await resizeFrame(full, preview.widthPx, preview.heightPx);
      likeness.push(frameSsim(preview, shrunk));
      fromAfar.push(frameSsim(await toThumbnail(preview), await toThumbnail(shrunk)));
    }
    return [likeness, fromAfar];
  }

  test.for(effectDescriptions().map(({ name }) => name))("%s", async (name) => {
    const exception = previewExceptions[name];
    const [likeness, fromAfar] = await compare(name, {});
    table.push(`  ${name}: ${toText(likeness)}; from afar ${toText(fromAfar)}`);
    if (exception === undefined) expect(Math.min(...likeness)).toBeGreaterThanOrEqual(leastSsim);
    else expect(Math.min(...likeness)).toBeLessThan(leastSsim);
    if (exception?.closerWith === undefined) return;
    const { settings, leastSsim: least } = exception.closerWith;
    const [closer] = await compare(name, settings);
    table.push(`  ${name} with ${JSON.stringify(settings)}: ${toText(closer)}`);
    expect(Math.min(...closer)).toBeGreaterThanOrEqual(least);
  });
});

test("SSIM of a picture with itself is 1, and of its negative far below", () => {
  const frame = createFrame(
    32,
    32,
    1,
    Uint8Array.from({ length: 1_024 }, (_, at) => (at * 37) % 256),
  );
  const negative = { ...frame, data: frame.data.map((value) => 255 - value) };
  expect(frameSsim(frame, frame)).toBeCloseTo(1, 12);
  expect(frameSsim(frame, negative)).toBeLessThan(0);
});
