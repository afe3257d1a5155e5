import { byteAsFloat } from "../rows/mix.ts";
import type { PictureRows } from "./picture-rows.ts";

const floatOfByte = Float32Array.from({ length: 256 }, (_, value) => byteAsFloat(value));

type Samples = Uint8Array | Float32Array;

/**
 * Returns the colours of one picture with the alpha of another of the same size: floats if one of them has floats. Without alpha there, it is the
 * picture of the colours itself. `colors` has three channels.
 */
export function joinAlpha(colors: PictureRows, alpha: PictureRows): PictureRows {
  if (alpha.shape.channels === 3) return colors;
  const format = colors.format === "bytes" && alpha.format === "bytes" ? "bytes" : "floats";
  const { widthPx } = alpha.shape;
  return {
    shape: alpha.shape,
    format,
    channels: 4,
    async readRows(top, count) {
      const own = toSamples(await colors.readRows(top, count), colors.format);
      const other = toSamples(await alpha.readRows(top, count), alpha.format);
      const samples = count * widthPx * 4;
      const joined = format === "bytes" ? new Uint8Array(samples) : new Float32Array(samples);
      // Grey with alpha has two channels.
      move(own, { from: 0, step: 3, channels: 3 }, joined, 0);
      move(other, { from: alpha.channels - 1, step: alpha.channels, channels: 1 }, joined, 3);
      return new Uint8Array(joined.buffer, joined.byteOffset, joined.byteLength);
    },
  };
}

function toSamples(rows: Uint8Array, format: PictureRows["format"]): Samples {
  return format === "bytes" ? rows : new Float32Array(rows.buffer, rows.byteOffset, rows.byteLength / 4);
}

/** Copies `channels` samples of each pixel, `step` samples apart, to pixels of four channels, as bytes or as floats. */
function move(
  samples: Samples,
  { from, step, channels }: { from: number; step: number; channels: number },
  to: Samples,
  first: number,
): void {
  const converts = samples instanceof Uint8Array && to instanceof Float32Array;
  for (let c = 0; c < channels; c++) {
    for (let i = from + c, o = first + c; i < samples.length; i += step, o += 4) {
      const sample = samples[i] as number;
      to[o] = converts ? (floatOfByte[sample] as number) : sample;
    }
  }
}
