import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createFrame, decodePicture, defaultLimits, type Frame } from "@pixelmesh/imaging";
import { findTestData } from "./test-data.ts";

/** A picture file: its bytes and its decoded frame. */
export type TestPicture = { readonly path: string; readonly bytes: Uint8Array; readonly frame: Frame };

const folders = ["photos", "sr/Set5", "matting/GrabCut"];

/** Reads a picture file. Throws where it is missing or cannot be decoded. */
export async function loadTestPicture(path: string): Promise<TestPicture> {
  const bytes = await readFile(path);
  const { frame } = await decodePicture(bytes, defaultLimits);
  return { path, bytes, frame };
}

/**
 * Reads a picture by its file name, from `examples/` or from the test data's photos, Set5 and GrabCut. Throws where
 * there is none of that name.
 */
export async function testPicture(name: string): Promise<TestPicture> {
  const examples = fileURLToPath(new URL("../../../examples/", import.meta.url));
  const data = findTestData();
  const places = [examples, ...(data ? folders.map((folder) => join(data, folder)) : [])];
  const found = places.map((place) => join(place, name)).find((path) => existsSync(path));
  if (found === undefined) throw new Error(`Expected a picture ${name} in ${places.join(", ")}, got none`);
  return loadTestPicture(found);
}

/**
 * Draws an RGB frame without a file: soft gradients, a disc with a hard edge, stripes that narrow to a pixel, a corner of
 * noise. Equal sides give equal frames.
 */
export function drawTestFrame(widthPx: number, heightPx: number): Frame {
  const frame = createFrame(widthPx, heightPx, 3);
  const radius = Math.min(widthPx, heightPx) / 4;
  let noise = 0x2545f491;
  for (let y = 0, at = 0; y < heightPx; y += 1) {
    for (let x = 0; x < widthPx; x += 1, at += 3) {
      noise = (Math.imul(noise, 1_664_525) + 1_013_904_223) >>> 0;
      const isInDisc = Math.hypot(x - widthPx / 3, y - heightPx / 2) < radius;
      const isInStripes = x > (widthPx * 2) / 3 && y < heightPx / 2;
      const isInNoise = x > (widthPx * 2) / 3 && y > (heightPx * 3) / 4;
      const stripe = Math.floor((x * x) / widthPx) % 2 === 0 ? 230 : 25;
      frame.data[at] = isInNoise ? noise >>> 24 : isInStripes ? stripe : isInDisc ? 220 : (255 * x) / widthPx;
      frame.data[at + 1] = isInNoise
        ? (noise >>> 16) & 255
        : isInStripes
          ? stripe
          : isInDisc
            ? 60
            : (255 * y) / heightPx;
      frame.data[at + 2] = isInNoise ? (noise >>> 8) & 255 : isInStripes ? stripe : isInDisc ? 40 : 128;
    }
  }
  return frame;
}
