/** A value from here on belongs to the object. */
const objectFrom: f32 = 0.5;

/** The matte of this instance whose band is sought, and the addresses of its parts. Rows are top-down. */
namespace band {
  export let widthPx: i32 = 0;
  export let heightPx: i32 = 0;
  /** Floats from 0 to 1, which are decided in place. */
  export let matte: usize = 0;
  /** Rows from each pixel to the nearest one of its column on the other side of the edge, 16-bit integers, `farRows` at most. */
  export let rows: usize = 0;
  /** Columns that the band reaches at each number of rows, 32-bit integers; -1 at `farRows`: it does not reach there. */
  export let reaches: usize = 0;
  export let farRows: i32 = 0;
  /** Bytes of one row of pixels: whether the band reaches it from the left. */
  export let reached: usize = 0;
}

/** Sets the matte and the band. `bandRowSteps` and then `decideSteps` follow, each over all rows. */
export function setBand(
  widthPx: i32,
  heightPx: i32,
  matte: usize,
  rows: usize,
  reaches: usize,
  farRows: i32,
  reached: usize,
): void {
  band.widthPx = widthPx;
  band.heightPx = heightPx;
  band.matte = matte;
  band.rows = rows;
  band.reaches = reaches;
  band.farRows = farRows;
  band.reached = reached;
}

@inline
function isObject(at: i32): bool {
  return load<f32>(band.matte + (<usize>at << 2)) >= objectFrom;
}

@inline
function rowsOf(at: i32): i32 {
  return load<u16>(band.rows + (<usize>at << 1));
}

@inline
function setRows(at: i32, rows: i32): void {
  store<u16>(band.rows + (<usize>at << 1), <u16>rows);
}

/** Returns the rows to the other side by way of a pixel of the next row. */
@inline
function rowsBy(at: i32, next: i32): i32 {
  return isObject(at) == isObject(next) ? min(rowsOf(next) + 1, band.farRows) : 1;
}

/** Counts the rows to the other side upwards, for rows `from` to before `to`, in order. */
export function bandRowSteps(from: i32, to: i32): void {
  const width = band.widthPx;
  for (let y = from; y < to; y++) {
    const start = y * width;
    for (let at = start; at < start + width; at++) setRows(at, y == 0 ? band.farRows : rowsBy(at, at - width));
  }
}

/** Counts the rows downwards and decides pixels, for steps `from` to before `to`, in order. Step 0 is the last row. */
export function decideSteps(from: i32, to: i32): void {
  const width = band.widthPx;
  for (let step = from; step < to; step++) {
    const start = (band.heightPx - 1 - step) * width;
    if (step > 0) {
      for (let at = start; at < start + width; at++) setRows(at, min(rowsOf(at), rowsBy(at, at + width)));
    }
    markFromLeft(start);
    decideFromRight(start);
  }
}

/** Columns that the band of a pixel reaches on its own side, and on the other side of the edge. */
@inline
function reachOf(rows: i32): i32 {
  return load<i32>(band.reaches + (<usize>rows << 2));
}

/**
 * Marks pixels of a row that lie in the band of the other side, as far as pixels on their left show it. A pixel reaches those of the other
 * side around it, and over the nearest pixel of the other side in its column those of its own side.
 */
function markFromLeft(start: i32): void {
  const widest = reachOf(0);
  let ofObject = -1;
  let ofBackground = -1;
  for (let x = 0; x < band.widthPx; x++) {
    const at = start + x;
    const across = x + reachOf(rowsOf(at));
    if (isObject(at)) {
      ofObject = x + widest;
      ofBackground = max(ofBackground, across);
      store<u8>(band.reached + <usize>x, <u8>(x <= ofBackground));
    } else {
      ofBackground = x + widest;
      ofObject = max(ofObject, across);
      store<u8>(band.reached + <usize>x, <u8>(x <= ofObject));
    }
  }
}

/** Does the same from the right, and decides pixels that the band reaches from neither side. They stay on their side of the edge. */
function decideFromRight(start: i32): void {
  const widest = reachOf(0);
  let ofObject = band.widthPx;
  let ofBackground = band.widthPx;
  for (let x = band.widthPx - 1; x >= 0; x--) {
    const at = start + x;
    const across = x - reachOf(rowsOf(at));
    const isReached = <bool>load<u8>(band.reached + <usize>x);
    if (isObject(at)) {
      ofObject = x - widest;
      ofBackground = min(ofBackground, across);
      if (!isReached && x < ofBackground) store<f32>(band.matte + (<usize>at << 2), 1);
    } else {
      ofBackground = x - widest;
      ofObject = min(ofObject, across);
      if (!isReached && x < ofObject) store<f32>(band.matte + (<usize>at << 2), 0);
    }
  }
}
