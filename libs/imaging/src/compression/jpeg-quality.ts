import { isFrameHeader, jpegMarkersOf } from "../structure/jpeg-markers.ts";

/** Steps of the luminance table of ITU-T T.81, annex K.1, by rows. libjpeg scales it by the quality. */
const annexK1 = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];

/** The sum of the steps for each quality from 1 to 100: it falls with every quality. */
const sumOfQuality = Array.from({ length: 100 }, (_, index) => sumOf(scaledTable(index + 1)));

/**
 * Estimates the quality, 1 to 100, with which libjpeg would have written this JPEG: the one whose luminance table has the nearest sum of
 * steps. Exact for files of libjpeg. Other writers have tables of their own, so the estimate says how coarse they are. Undefined if the file
 * has no table before its first scan.
 */
export function estimateJpegQuality(bytes: Uint8Array): number | undefined {
  const steps = readLuminanceSum(bytes);
  if (steps === undefined) return undefined;
  const distances = sumOfQuality.map((sum) => Math.abs(sum - steps));
  return 1 + distances.indexOf(Math.min(...distances));
}

/** The table that libjpeg writes for a quality: `jpeg_quality_scaling` and `jpeg_add_quant_table` of its jcparam.c, for baseline files. */
function scaledTable(quality: number): number[] {
  const percent = quality < 50 ? Math.floor(5_000 / quality) : 200 - 2 * quality;
  return annexK1.map((step) => Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))));
}

/** Returns the sum of the table that the first component uses. Layout of DQT and SOF: ITU-T T.81, B.2.4.1 and B.2.2. */
function readLuminanceSum(bytes: Uint8Array): number | undefined {
  const sums = new Map<number, number>();
  let table: number | undefined;
  for (const { marker, segment } of jpegMarkersOf(bytes)) {
    if (marker === 0xdb) for (const [id, sum] of tableSumsOf(segment)) sums.set(id, sum);
    else if (isFrameHeader(marker)) table ??= segment[8];
    else if (marker === 0xda) break;
  }
  return table === undefined ? undefined : sums.get(table);
}

function* tableSumsOf(segment: Uint8Array): Generator<readonly [id: number, sum: number]> {
  for (let at = 0; at < segment.length; ) {
    const kind = segment[at] ?? 0;
    const bytesPerStep = kind >> 4 === 0 ? 1 : 2;
    const end = at + 1 + 64 * bytesPerStep;
    if (end > segment.length) return;
    const steps = segment.subarray(at + 1, end);
    yield [kind & 15, steps.reduce((sum, byte, i) => sum + (bytesPerStep === 2 && i % 2 === 0 ? byte << 8 : byte), 0)];
    at = end;
  }
}

function sumOf(steps: readonly number[]): number {
  return steps.reduce((sum, step) => sum + step, 0);
}
