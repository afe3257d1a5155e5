/**
 * `node --conditions=development eval/compression/run.ts`: measures the blockiness of the photographs of the test data, whole and reduced to a quarter of their
 * sides, as they are and after JPEG of several qualities. The threshold of `auto` follows from its table. Without the test data it says so.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { toTable } from "@pixelmesh/cli";
import { defaultLimits, encodeFrame, type Frame, measureCompression } from "@pixelmesh/imaging";
import { Encoding, ImageFormat } from "@pixelmesh/proto";
import { loadTestPicture } from "@pixelmesh/testing";
import { cutMiddle } from "../crop.ts";
import { resizeLikeMatlab } from "../matlab-bicubic.ts";
import { findPhotographs } from "../photographs/load.ts";

const qualities = [null, 95, 90, 85, 80, 75, 70, 60, 50, 45, 30] as const;
const mostPx = 512;

async function measure(frame: Frame, quality: number | null): Promise<number> {
  const format = quality === null ? ImageFormat.PNG : ImageFormat.JPEG;
  const { bytes } = await encodeFrame(frame, Encoding.fromPartial({ format, quality: quality ?? 0 }));
  return (await measureCompression(bytes, defaultLimits)).blockiness ?? Number.NaN;
}

async function toRow(name: string, frames: readonly Frame[], quality: number | null): Promise<string[]> {
  const found = (await Promise.all(frames.map((frame) => measure(frame, quality)))).toSorted((a, b) => a - b);
  const at = (part: number) => (found[Math.round(part * (found.length - 1))] ?? Number.NaN).toFixed(3);
  return [name, quality === null ? "PNG" : `JPEG ${quality}`, at(0), at(0.1), at(0.5), at(0.9), at(1)];
}

const dir = findPhotographs();
if (dir === undefined) console.log("SKIPPED: there are no photographs in the test data");
else {
  // The one JPEG among them has blocks of its own.
  const files = readdirSync(dir).filter((file) => file.endsWith(".png"));
  const whole = await Promise.all(files.map(async (file) => (await loadTestPicture(join(dir, file))).frame));
  const reduced = whole.map((frame) => resizeLikeMatlab(cutMiddle(frame, 4 * mostPx), 1 / 4));
  const rows: string[][] = [];
  for (const quality of qualities) {
    rows.push(await toRow("whole", whole, quality), await toRow("reduced", reduced, quality));
  }
  console.log(toTable([["PHOTOGRAPHS", "STORED AS", "LEAST", "10 %", "MEDIAN", "90 %", "MOST"], ...rows]));
}
