import { type BlurShape, box, disc, gaussian } from "../../../services/effects/src/domain/detail/blur-shape.ts";
import { type Loop, type Picture, resultBytes, toBytes, toLight, toLuminance } from "../picture.ts";
import { encodedOfLight } from "./lab.ts";

/** Values of all pixels, `channels` for each. */
export type Values = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: number;
  readonly values: Float32Array;
};

/** Blurs across and down by the weights of a shape that is the product of two lines. Edges are repeated. */
export function blurValues(from: Values, shape: Exclude<BlurShape, { kind: "disc" }>): Float32Array {
  if (shape.kind === "taps") return down(from, across(from, shape.weights), shape.weights);
  let { values } = from;
  for (let pass = 0; pass < shape.passes; pass++) values = boxDown(from, boxAcross({ ...from, values }, shape), shape);
  return values;
}

function across({ widthPx, heightPx, channels, values }: Values, weights: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  const last = widthPx - 1;
  for (let y = 0, i = 0; y < heightPx; y++) {
    const row = y * widthPx;
    for (let x = 0; x < widthPx; x++)
      for (let c = 0; c < channels; c++, i++) {
        let sum = (weights[0] as number) * (values[i] as number);
        for (let k = 1; k < weights.length; k++) {
          const left = values[(row + (x < k ? 0 : x - k)) * channels + c] as number;
          const right = values[(row + Math.min(x + k, last)) * channels + c] as number;
          sum += (weights[k] as number) * (left + right);
        }
        out[i] = sum;
      }
  }
  return out;
}

function down({ widthPx, heightPx, channels }: Values, values: Float32Array, weights: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  const stride = widthPx * channels;
  for (let y = 0, i = 0; y < heightPx; y++)
    for (let x = 0; x < stride; x++, i++) {
      let sum = (weights[0] as number) * (values[i] as number);
      for (let k = 1; k < weights.length; k++) {
        const above = values[Math.max(0, y - k) * stride + x] as number;
        const below = values[Math.min(heightPx - 1, y + k) * stride + x] as number;
        sum += (weights[k] as number) * (above + below);
      }
      out[i] = sum;
    }
  return out;
}

type Box = { readonly whole: number; readonly share: number };

// Running sums in doubles.
function boxAcross({ widthPx, heightPx, channels, values }: Values, { whole, share }: Box): Float32Array {
  const out = new Float32Array(values.length);
  const scale = 1 / (2 * whole + 1 + 2 * share);
  const last = widthPx - 1;
  for (let y = 0; y < heightPx; y++)
    for (let c = 0; c < channels; c++) {
      const first = y * widthPx * channels + c;
      const at = (x: number) => values[first + (x < 0 ? 0 : Math.min(x, last)) * channels] as number;
      let sum = 0;
      for (let x = -whole; x <= whole; x++) sum += at(x);
      for (let x = 0; x < widthPx; x++) {
        out[first + x * channels] = (sum + share * (at(x - whole - 1) + at(x + whole + 1))) * scale;
        sum += at(x + whole + 1) - at(x - whole);
      }
    }
  return out;
}

function boxDown({ widthPx, heightPx, channels }: Values, values: Float32Array, { whole, share }: Box): Float32Array {
  const out = new Float32Array(values.length);
  const scale = 1 / (2 * whole + 1 + 2 * share);
  const stride = widthPx * channels;
  const rowAt = (y: number) => Math.min(heightPx - 1, Math.max(0, y)) * stride;
  const sums = new Float64Array(stride);
  for (let y = -whole; y <= whole; y++) {
    const row = rowAt(y);
    for (let x = 0; x < stride; x++) sums[x] = (sums[x] as number) + (values[row + x] as number);
  }
  for (let y = 0, i = 0; y < heightPx; y++) {
    const [above, leaving, entering] = [rowAt(y - whole - 1), rowAt(y - whole), rowAt(y + whole + 1)];
    for (let x = 0; x < stride; x++, i++) {
      const next = values[entering + x] as number;
      const sum = sums[x] as number;
      out[i] = (sum + share * ((values[above + x] as number) + next)) * scale;
      sums[x] = sum + next - (values[leaving + x] as number);
    }
  }
  return out;
}

/** The effect blur in linear light, by rows of weights for a disc. */
export function blurLoop(kind: "gaussian" | "box" | "lens", radiusPx: number): Loop {
  const shape = kind === "gaussian" ? gaussian(radiusPx / 2) : kind === "box" ? box(radiusPx) : disc(radiusPx);
  return (picture) => {
    const from = { ...picture, channels: 3, values: toLight(picture) };
    return toBytes(shape.kind === "disc" ? discValues(from, shape.halves) : blurValues(from, shape));
  };
}

// Sums across each row, so that a chord is the difference of two.
function discValues({ widthPx, heightPx, values }: Values, halves: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  const reach = (halves.length - 1) / 2;
  const margin = reach + 2;
  const stride = (widthPx + 2 * margin + 1) * 3;
  const sums = new Float64Array(heightPx * stride);
  for (let y = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx + 2 * margin; x++)
      for (let c = 0; c < 3; c++) {
        const to = y * stride + x * 3 + c;
        const column = Math.min(widthPx - 1, Math.max(0, x - margin));
        sums[to + 3] = (sums[to] as number) + (values[(y * widthPx + column) * 3 + c] as number);
      }
  const area = halves.reduce((sum, half) => sum + 2 * half, 0);
  for (let y = 0; y < heightPx; y++)
    for (let k = -reach; k <= reach; k++) {
      const half = halves[k + reach] as number;
      const whole = Math.max(0, Math.floor(half - 0.5));
      const share = half < 0.5 ? 0 : half - 0.5 - whole;
      const inner = (half < 0.5 ? 2 * half : 1 - share) / area;
      const outer = share / area;
      const row = Math.min(heightPx - 1, Math.max(0, y + k)) * stride + margin * 3;
      for (let i = 0, to = y * widthPx * 3; i < widthPx * 3; i++, to++) {
        const [left, right] = [row + i - whole * 3, row + i + (whole + 1) * 3];
        const chord = (sums[right] as number) - (sums[left] as number);
        const longer = (sums[right + 3] as number) - (sums[left - 3] as number);
        out[to] = (out[to] as number) + inner * chord + outer * longer;
      }
    }
  return out;
}

/** Returns a plane of encoded luminance. */
export function toGreys(picture: Picture): Float32Array {
  const plane = toLuminance(picture);
  for (let x = 0; x < plane.length; x++) plane[x] = encodedOfLight[((plane[x] as number) * 65_535 + 0.5) | 0] as number;
  return plane;
}

/** Black and white by the mean of encoded luminance over a square around. */
export function adaptiveThresholdLoop(radiusPx: number): Loop {
  return (picture) => {
    const values = toGreys(picture);
    const means = blurValues(
      { ...picture, channels: 1, values },
      box(radiusPx) as Extract<BlurShape, { kind: "boxes" }>,
    );
    const out = resultBytes(picture.data.length);
    for (let x = 0, i = 0; x < values.length; x++, i += 3)
      if ((values[x] as number) >= (means[x] as number) - 5e-5) out.fill(255, i, i + 3);
    return out;
  };
}
