import { toEncoded, toLinear } from "../../../services/effects/src/domain/color/color.ts";
import { byteOfLight, type Loop, lightOfByte, resultBytes, toByte, toLuminance } from "../picture.ts";

/** The byte of each byte for a function from 0 to 1 to 0 to 1. */
export function toTable(map: (value: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, byte) => Math.round(255 * Math.min(1, Math.max(0, map(byte / 255)))));
}

/** Maps each sample by a table of 256 bytes. */
export function tableLoop(table: Uint8Array): Loop {
  return ({ data }) => {
    const out = resultBytes(data.length);
    for (let i = 0; i < data.length; i++) out[i] = table[data[i] as number] as number;
    return out;
  };
}

/** Multiplies encoded colours by a matrix and adds the fourth number of each line; results are limited. */
export function matrixLoop(lines: readonly (readonly number[])[]): Loop {
  const [[a, b, c, d], [e, f, g, h], [k, l, m, n]] = lines as readonly [number[], number[], number[]] as [
    [number, number, number, number],
    [number, number, number, number],
    [number, number, number, number],
  ];
  return ({ data }) => {
    const out = new Uint8ClampedArray(resultBytes(data.length).buffer);
    for (let i = 0; i < data.length; i += 3) {
      const [red, green, blue] = [data[i] as number, data[i + 1] as number, data[i + 2] as number];
      out[i] = a * red + b * green + c * blue + 255 * d;
      out[i + 1] = e * red + f * green + g * blue + 255 * h;
      out[i + 2] = k * red + l * green + m * blue + 255 * n;
    }
    return new Uint8Array(out.buffer);
  };
}

/** Vibrance: the distance from luma times 1 + `strength` (1 - spread). */
export function vibranceLoop(strength: number): Loop {
  return ({ data }) => {
    const out = new Uint8ClampedArray(resultBytes(data.length).buffer);
    for (let i = 0; i < data.length; i += 3) {
      const [red, green, blue] = [data[i] as number, data[i + 1] as number, data[i + 2] as number];
      const luma = 0.213 * red + 0.715 * green + 0.072 * blue;
      const spread = (Math.max(red, green, blue) - Math.min(red, green, blue)) / 255;
      const factor = 1 + strength * (1 - spread);
      out[i] = luma + (red - luma) * factor;
      out[i + 1] = luma + (green - luma) * factor;
      out[i + 2] = luma + (blue - luma) * factor;
    }
    return new Uint8Array(out.buffer);
  };
}

/** Greys of BT.709 luminance in linear light. */
export const luminanceLoop: Loop = (picture) => {
  const plane = toLuminance(picture);
  const out = resultBytes(picture.data.length);
  for (let x = 0, i = 0; x < plane.length; x++, i += 3) out.fill(toByte(plane[x] as number), i, i + 3);
  return out;
};

/** Greys of BT.601 luma. */
export const lumaLoop: Loop = ({ data }) => {
  const out = resultBytes(data.length);
  for (let i = 0; i < data.length; i += 3) {
    const grey = 0.299 * (data[i] as number) + 0.587 * (data[i + 1] as number) + 0.114 * (data[i + 2] as number) + 0.5;
    out[i] = grey;
    out[i + 1] = grey;
    out[i + 2] = grey;
  }
  return out;
};

/** Maps encoded luminance and mixes colours with black or white in linear light until they have the new one. */
export function relightLoop(map: (encoded: number) => number): Loop {
  const steps = 16_384;
  const mapped = Float32Array.from({ length: steps + 1 }, (_, i) => toLinear(map(toEncoded(i / steps))));
  return (picture) => {
    const { data } = picture;
    const plane = toLuminance(picture);
    const out = resultBytes(data.length);
    for (let x = 0, i = 0; i < data.length; x++, i += 3) {
      const before = Math.min(1, plane[x] as number);
      const place = before * steps;
      const left = mapped[place | 0] as number;
      const after = left + ((mapped[(place | 0) + 1] ?? left) - left) * (place - (place | 0));
      const white = after > before ? (after - before) / (1 - before) : 0;
      const kept = after > before ? 1 - white : before > 0 ? after / before : 0;
      for (let c = i; c < i + 3; c++) out[c] = toByte((lightOfByte[data[c] as number] as number) * kept + white);
    }
    return out;
  };
}

/** Fewer steps of encoded luminance, as wide as each other. The steps of greys that lie on a bound are the upper ones. */
export function posterizeLuminanceLoop(levels: number): Loop {
  const bounds = Float64Array.from({ length: levels - 1 }, (_, i) => toLinear((i + 1 - 5e-4) / levels));
  const targets = Float64Array.from({ length: levels }, (_, i) => toLinear(i / (levels - 1)));
  return (picture) => {
    const { data } = picture;
    const plane = toLuminance(picture);
    const out = resultBytes(data.length);
    for (let x = 0, i = 0; i < data.length; x++, i += 3) {
      const before = Math.min(1, plane[x] as number);
      let level = 0;
      while (level < bounds.length && before >= (bounds[level] as number)) level++;
      const after = targets[level] as number;
      const white = after > before ? (after - before) / (1 - before) : 0;
      const kept = after > before ? 1 - white : before > 0 ? after / before : 0;
      for (let c = i; c < i + 3; c++) out[c] = toByte((lightOfByte[data[c] as number] as number) * kept + white);
    }
    return out;
  };
}

/** Darker corners in linear light: smoothstep of the distance from the centre, from `inner` to 1 half diagonals of an ellipse. */
export function vignetteLoop(amount: number, inner: number): Loop {
  return ({ widthPx, heightPx, data }) => {
    const out = resultBytes(data.length);
    for (let y = 0, i = 0; y < heightPx; y++) {
      const down = ((y + 0.5) / heightPx - 0.5) * Math.SQRT2;
      for (let x = 0; x < widthPx; x++, i += 3) {
        const right = ((x + 0.5) / widthPx - 0.5) * Math.SQRT2;
        const t = Math.min(1, Math.max(0, (Math.sqrt(right * right + down * down) - inner) / (1 - inner)));
        const kept = 1 - amount * t * t * (3 - 2 * t);
        for (let c = i; c < i + 3; c++)
          out[c] = byteOfLight[((lightOfByte[data[c] as number] as number) * kept * 65_535 + 0.5) | 0] as number;
      }
    }
    return out;
  };
}

/** Black and white by luminance. */
export function thresholdLoop(level: number): Loop {
  const bound = toLinear(level);
  return (picture) => {
    const plane = toLuminance(picture);
    const out = resultBytes(picture.data.length);
    for (let x = 0, i = 0; x < plane.length; x++, i += 3) if ((plane[x] as number) >= bound) out.fill(255, i, i + 3);
    return out;
  };
}
