import { lumaWeights } from "../../src/domain/color/color.ts";
import { mapRows, type Row, type RowKernel, type RowShape, type RowTransform } from "./rows.ts";

// Steps of luma below the first value leave no line, above the second a full one.
const faintStep = 0.1;
const clearStep = 0.3;

// Less than one faint pixel of the largest window, 1 / 255 / 17², and more than the rounding errors of running sums.
const leastWeight = Math.fround(1e-7);

/**
 * Returns the transform that applies `paint` and then draws black lines, about `2 * radiusPx` wide, at edges of the luma of the
 * original row: a box blur against noise, then Sobel's gradient (I. Sobel, G. Feldman, 1968), scaled so that a step of a given
 * height leaves the same line at any radius. `opacity` 0 draws none. Holds `radiusPx + 1` rows and twice as many of luma.
 */
export function paintWithOutline(
  shape: RowShape,
  options: { radiusPx: number; opacity: number },
  paint: RowKernel,
): RowTransform {
  const { radiusPx, opacity } = options;
  if (opacity === 0) return mapRows(paint);
  const { widthPx, channels } = shape;
  return async function* outlined(rows) {
    const delayPx = radiusPx + 1;
    const waiting = Array.from({ length: delayPx + 1 }, () => new Float32Array(widthPx * channels));
    const blurred = createLumaBlur(shape, radiusPx);
    const lines = new Float32Array(widthPx);
    const finish = (y: number): Row => {
      const row = waiting[y % waiting.length] as Row;
      gradient(blurred.row(y - 1), blurred.row(y), blurred.row(y + 1), 2 * radiusPx + 1, lines);
      paint(row, y);
      ink(row, lines, opacity, channels);
      return row;
    };
    let y = 0;
    for await (const row of rows) {
      (waiting[y % waiting.length] as Row).set(row);
      blurred.push(row);
      if (y >= delayPx) yield finish(y - delayPx);
      y += 1;
    }
    for (let rest = Math.max(0, y - delayPx); rest < y; rest++) yield finish(rest);
  };
}

type RowBlur = {
  push: (row: Row) => void;
  /** Returns a row. Rows are requested in ascending order; the last three may be requested again. */
  row: (y: number) => Float32Array;
};

/** Computes luma under a square box blur, weighted by alpha. Where nothing is visible it is 0. */
function createLumaBlur(shape: RowShape, radiusPx: number): RowBlur {
  const { widthPx, channels } = shape;
  const readLumaOf = (row: Row, out: Float32Array) => readLuma(row, channels, out);
  if (channels === 3) return createRowBlur(shape, radiusPx, readLumaOf);
  const sums = createRowBlur(shape, radiusPx, (row, out) => {
    readLuma(row, channels, out);
    for (let x = 0; x < out.length; x++) out[x] = (out[x] as number) * (row[x * 4 + 3] as number);
  });
  const weights = createRowBlur(shape, radiusPx, (row, out) => {
    for (let x = 0; x < out.length; x++) out[x] = row[x * 4 + 3] as number;
  });
  return {
    push(row) {
      sums.push(row);
      weights.push(row);
    },
    row(y) {
      const [sum, weight] = [sums.row(y), weights.row(y)];
      const meanAt = (x: number) =>
        (weight[x] as number) >= leastWeight ? (sum[x] as number) / (weight[x] as number) : 0;
      return Float32Array.from({ length: widthPx }, (_, x) => meanAt(x));
    },
  };
}

/** Computes a plane under a square box blur, from rows that are pushed one after another. Outside the picture its edge is repeated. */
function createRowBlur(
  { widthPx, heightPx }: RowShape,
  radiusPx: number,
  read: (row: Row, out: Float32Array) => void,
): RowBlur {
  const span = 2 * radiusPx + 1;
  // Enough rows blurred sideways for later requests, and the last three that are blurred both ways.
  const sideways = Array.from({ length: span + 3 }, () => new Float32Array(widthPx));
  const done = Array.from({ length: 3 }, () => new Float32Array(widthPx));
  const luma = new Float32Array(widthPx + 2 * radiusPx + 1);
  const total = new Float64Array(widthPx);
  let pushed = 0;
  let summed = -1;
  const rowAt = (y: number) => sideways[clamp(y, heightPx - 1) % sideways.length] as Float32Array;
  const sumUp = (y: number) => {
    if (y === 0) for (let from = -radiusPx; from <= radiusPx; from++) add(rowAt(from), 1, total);
    else {
      add(rowAt(y + radiusPx), 1, total);
      add(rowAt(y - radiusPx - 1), -1, total);
    }
    const values = done[y % done.length] as Float32Array;
    for (let x = 0; x < widthPx; x++) values[x] = (total[x] as number) / span;
  };
  return {
    push(row) {
      read(row, luma.subarray(radiusPx, radiusPx + widthPx));
      luma.fill(luma[radiusPx] as number, 0, radiusPx);
      luma.fill(luma[radiusPx + widthPx - 1] as number, radiusPx + widthPx);
      blurSideways(luma, sideways[pushed % sideways.length] as Float32Array, span);
      pushed += 1;
    },
    row(asked) {
      const y = clamp(asked, heightPx - 1);
      while (summed < y) sumUp(++summed);
      return done[y % done.length] as Float32Array;
    },
  };
}

function readLuma(row: Row, channels: number, out: Float32Array): void {
  const [red, green, blue] = lumaWeights;
  for (let x = 0, i = 0; x < out.length; x++, i += channels) {
    out[x] = red * (row[i] as number) + green * (row[i + 1] as number) + blue * (row[i + 2] as number);
  }
}

/** Computes running means of `span` samples. `from` includes the margins. */
function blurSideways(from: Float32Array, to: Float32Array, span: number): void {
  let sum = 0;
  for (let x = 0; x < span; x++) sum += from[x] as number;
  for (let x = 0; x < to.length; x++) {
    to[x] = sum / span;
    sum += (from[x + span] as number) - (from[x] as number);
  }
}

function add(from: Float32Array, sign: 1 | -1, to: Float64Array): void {
  for (let x = 0; x < to.length; x++) to[x] = (to[x] as number) + sign * (from[x] as number);
}

function gradient(
  above: Float32Array,
  here: Float32Array,
  below: Float32Array,
  spanPx: number,
  out: Float32Array,
): void {
  const last = out.length - 1;
  const scale = spanPx / 8;
  for (let x = 0; x <= last; x++) {
    const left = x > 0 ? x - 1 : 0;
    const right = x < last ? x + 1 : last;
    const falling = (below[right] as number) - (above[left] as number);
    const rising = (above[right] as number) - (below[left] as number);
    const across = falling + rising + 2 * ((here[right] as number) - (here[left] as number));
    const down = falling - rising + 2 * ((below[x] as number) - (above[x] as number));
    out[x] = Math.sqrt(across * across + down * down) * scale;
  }
}

function ink(row: Row, lines: Float32Array, opacity: number, channels: number): void {
  for (let x = 0, i = 0; x < lines.length; x++, i += channels) {
    const line = lines[x] as number;
    if (line <= faintStep) continue;
    const edge = Math.min(1, (line - faintStep) / (clearStep - faintStep));
    const kept = 1 - opacity * edge * edge * (3 - 2 * edge);
    row[i] = (row[i] as number) * kept;
    row[i + 1] = (row[i + 1] as number) * kept;
    row[i + 2] = (row[i + 2] as number) * kept;
  }
}

function clamp(index: number, last: number): number {
  return Math.min(Math.max(index, 0), last);
}
