import { plan, reserve } from "./_plan";

/** Cells are working pixels. The alpha of a cell is certain if every colour gives at most 0, or every colour gives at least 1. */
const isClear: u8 = 1;
const isSolid: u8 = 2;
/** In an entry of `ends`: the run is solid. Offsets are multiples of 16, so this bit is free. */
export const solidBit: i32 = 1;

/** For each cell of the present rows, the offset behind the run of certain cells that starts there, and `solidBit`; -1 for others. */
let ends: usize = 0;
/** The upper row of those for which `ends` holds. */
let endsOf: i32 = -1;
/** What is certain of the cells of two rows, bytes, and which rows these are. Row y lies in place y & 1. */
let kinds: usize = 0;
let evenRow: i32 = -1;
let oddRow: i32 = -1;

/** Lays out the memory for the certain cells of two working rows. */
export function layOutCertain(): void {
  ends = reserve(plan.widthPx * 4);
  kinds = reserve(plan.widthPx * 2);
}

/** Forgets the rows of another plan. */
export function startCertain(): void {
  endsOf = -1;
  evenRow = -1;
  oddRow = -1;
}

/**
 * Finds the runs of cells that are certain in working row `top` and the one below it. Alpha between certain cells is certain: linear interpolation
 * does not leave the range of its ends, and rounding errors of floats are below half a level.
 */
export function findCertain(top: i32): void {
  if (endsOf == top) return;
  endsOf = top;
  const upper = kindsOf(top);
  const lower = kindsOf(min(top + 1, plan.heightPx - 1));
  let next: u8 = 0;
  let end = 0;
  for (let i = plan.widthPx - 1; i >= 0; i--) {
    const kind = load<u8>(upper + <usize>i) & load<u8>(lower + <usize>i);
    // The last cell of a row is repeated behind it.
    if (kind != next || i == plan.widthPx - 1) end = (i == plan.widthPx - 1 ? i + 1 : i) << 4;
    store<i32>(ends + (<usize>i << 2), kind == 0 ? -1 : kind == isSolid ? end | solidBit : end);
    next = kind;
  }
}

/** Returns the end of the run that starts at the cell of this offset (16 bytes a cell), with `solidBit`; -1 if the cell is not certain. */
@inline
export function certainEnd(offset: i32): i32 {
  return load<i32>(ends + (<usize>offset >> 2));
}

/** Returns the address of what is certain of the cells of a row. */
function kindsOf(y: i32): usize {
  const isOdd = (y & 1) == 1;
  const to = isOdd ? kinds + <usize>plan.widthPx : kinds;
  if ((isOdd ? oddRow : evenRow) == y) return to;
  if (isOdd) oddRow = y;
  else evenRow = y;
  const most = f32x4(255, 255, 255, 1);
  const noLeast = f32x4(0, 0, 0, -Infinity);
  const noMost = f32x4(0, 0, 0, Infinity);
  let from = plan.fitted + (<usize>(y * plan.widthPx) << 4);
  for (let i = 0; i < plan.widthPx; i++) {
    const parts = f32x4.mul(v128.load(from), most);
    const isAtMost0 = sum(f32x4.pmax(parts, noLeast)) <= 0;
    const isAtLeast1 = sum(f32x4.pmin(parts, noMost)) >= 1;
    store<u8>(to + <usize>i, isAtMost0 ? isClear : isAtLeast1 ? isSolid : 0);
    from += 16;
  }
  return to;
}

@inline
function sum(parts: v128): f32 {
  const pairs = f32x4.add(parts, f32x4.shuffle(parts, parts, 2, 3, 0, 1));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}
