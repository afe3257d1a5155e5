// Pattern dithering to a palette: the candidates of cells, four cells at a time.
import { CURVE, CURVE_STEPS, GROUPS, LEVELS, nearest, PLACES, VALUES } from "./_match";
import { pairAt } from "./_mix";
import { blueYellowOf, greenRedOf, lightnessOf, longOf, mediumOf, shortOf } from "./_oklab";
import { placeConstants } from "./_pixels";

/** Candidates for a cell. */
const CANDIDATES: i32 = 16;
/** Bytes of an entry of the table of known cells: the cell + 1, and its candidates. */
const ENTRY_BYTES: usize = 20;
/** Bytes of four colours among the places of a palette. */
const GROUP_BYTES: usize = 96;

/**
 * Squares of distances from a place in floats that lie further apart than this have the order of those from the place in doubles. Places lie at most 1.2
 * apart and have errors below 6e-6, so two squares together change by less than 3e-5, of which rounding is a tenth.
 */
const NEAR: f32 = 3.1e-5;

/** Colours whose cones may respond with less than 1e-12, below which `cubeRoot` is 0. */
const TINY: f32 = 4e-11;

// Where a batch keeps its entries, indices, values and lists of candidates, in the first page of memory, which `allocate` never hands out.
const ENTRIES: usize = 4608;
const INDICES: usize = 4624;
const COLORS: usize = 4640; // doubles: red of four cells, then green, then blue
const LISTS: usize = 4736;

/**
 * Chooses a colour for each cell: the candidate at a threshold. `known` has `mask` + 1 entries of 20 bytes, all 0 at first: a cell + 1, and its
 * candidates from dark to light. `thresholds` are bytes below 16 for `wrap` + 1 pixels, which repeat.
 */
export function matchCells(
  cells: usize, count: i32, palette: usize, strength: f64, known: usize, mask: i32, thresholds: usize, wrap: i32, indices: usize,
): void {
  placeConstants();
  let waiting = 0;
  for (let x = 0; x < count; x++) {
    const cell = load<i32>(cells + (<usize>x << 2));
    const entry = entryOf(cell, known, mask);
    if (load<i32>(entry) == cell + 1) continue;
    store<i32>(entry, cell + 1);
    store<i32>(ENTRIES + (<usize>waiting << 2), <i32>entry);
    if (++waiting < 4) continue;
    findCandidates(palette, strength);
    waiting = 0;
  }
  if (waiting > 0) findRest(waiting, palette, strength);
  for (let x = 0; x < count; x++) {
    const cell = load<i32>(cells + (<usize>x << 2));
    const entry = entryOf(cell, known, mask);
    if (load<i32>(entry) != cell + 1) {
      // Another cell of this row took its place.
      store<i32>(entry, cell + 1);
      store<i32>(ENTRIES, <i32>entry);
      findRest(1, palette, strength);
    }
    store<u8>(indices + x, load<u8>(entry + load<u8>(thresholds + (x & wrap)), 4));
  }
}

@inline
function entryOf(cell: i32, known: usize, mask: i32): usize {
  return known + <usize>((cell ^ (cell >> 7)) & mask) * ENTRY_BYTES;
}

/** Finds the candidates of fewer than four entries: the first one again for those that are missing. */
function findRest(waiting: i32, palette: usize, strength: f64): void {
  for (let i = waiting; i < 4; i++) store<i32>(ENTRIES + (<usize>i << 2), load<i32>(ENTRIES));
  findCandidates(palette, strength);
}

/** Writes the candidates of four entries: each makes up for the error of those before it. They are sorted, as the palette's colours are. */
function findCandidates(palette: usize, strength: f64): void {
  const values = <usize>load<i32>(palette, VALUES);
  for (let i: usize = 0; i < 4; i++) placeColor(palette, i);
  const red = v128.load(COLORS, 0);
  const red2 = v128.load(COLORS, 16);
  const green = v128.load(COLORS, 32);
  const green2 = v128.load(COLORS, 48);
  const blue = v128.load(COLORS, 64);
  const blue2 = v128.load(COLORS, 80);
  const share = f64x2.splat(strength);
  let redError = f64x2.splat(0);
  let redError2 = redError;
  let greenError = redError;
  let greenError2 = redError;
  let blueError = redError;
  let blueError2 = redError;
  for (let i = 0; i < CANDIDATES; i++) {
    nearestOfFour(
      palette,
      f64x2.add(red, f64x2.mul(redError, share)), f64x2.add(red2, f64x2.mul(redError2, share)),
      f64x2.add(green, f64x2.mul(greenError, share)), f64x2.add(green2, f64x2.mul(greenError2, share)),
      f64x2.add(blue, f64x2.mul(blueError, share)), f64x2.add(blue2, f64x2.mul(blueError2, share)),
    );
    if (strength == 0) {
      for (let k: usize = 0; k < 4; k++) memory.fill(LISTS + (k << 4), load<u8>(INDICES + (k << 2)), CANDIDATES);
      break;
    }
    const a = values + (<usize>load<i32>(INDICES, 0) << 5);
    const b = values + (<usize>load<i32>(INDICES, 4) << 5);
    const c = values + (<usize>load<i32>(INDICES, 8) << 5);
    const d = values + (<usize>load<i32>(INDICES, 12) << 5);
    redError = f64x2.add(redError, f64x2.sub(red, pairOf(a, b, 0)));
    redError2 = f64x2.add(redError2, f64x2.sub(red2, pairOf(c, d, 0)));
    greenError = f64x2.add(greenError, f64x2.sub(green, pairOf(a, b, 8)));
    greenError2 = f64x2.add(greenError2, f64x2.sub(green2, pairOf(c, d, 8)));
    blueError = f64x2.add(blueError, f64x2.sub(blue, pairOf(a, b, 16)));
    blueError2 = f64x2.add(blueError2, f64x2.sub(blue2, pairOf(c, d, 16)));
    for (let k: usize = 0; k < 4; k++) insert(LISTS + (k << 4), i, load<i32>(INDICES + (k << 2)));
  }
  // Two cells of the batch may share an entry, which then has the later one.
  for (let k: usize = 0; k < 4; k++) v128.store(entryAt(k), v128.load(LISTS + (k << 4)), 4);
}

@inline
function entryAt(place: usize): usize {
  return <usize>load<i32>(ENTRIES + (place << 2));
}

@inline
function pairOf(first: usize, second: usize, offset: usize): v128 {
  return v128.load64_lane(second + offset, v128.load64_zero(first + offset), 1);
}

/** Keeps the values of the cell of an entry. */
@inline
function placeColor(palette: usize, place: usize): void {
  const cell = load<i32>(entryAt(place)) - 1;
  const levels = <usize>load<i32>(palette, LEVELS);
  const to = COLORS + (place << 3);
  store<f64>(to, load<f64>(levels + (<usize>(cell >> 12) << 3)), 0);
  store<f64>(to, load<f64>(levels + (<usize>((cell >> 6) & 63) << 3)), 32);
  store<f64>(to, load<f64>(levels + (<usize>(cell & 63) << 3)), 64);
}

/** Inserts an index into `count` sorted ones. */
@inline
function insert(to: usize, count: i32, index: i32): void {
  let place = count;
  while (place > 0 && <i32>load<u8>(to + place - 1) > index) {
    store<u8>(to + place, load<u8>(to + place - 1));
    place--;
  }
  store<u8>(to + place, <u8>index);
}

/**
 * Writes the indices that `nearest` returns for four colours; the first two are in the first vector of each channel. The places are computed in floats. Where
 * another colour is so nearly as near that this could change the choice, `nearest` decides.
 */
@inline
function nearestOfFour(palette: usize, red: v128, red2: v128, green: v128, green2: v128, blue: v128, blue2: v128): void {
  const redInside = unit(red);
  const redInside2 = unit(red2);
  const greenInside = unit(green);
  const greenInside2 = unit(green2);
  const blueInside = unit(blue);
  const blueInside2 = unit(blue2);
  const unclear = search(
    palette,
    lightOf(palette, redInside, redInside2), lightOf(palette, greenInside, greenInside2), lightOf(palette, blueInside, blueInside2),
    outside(red, redInside, red2, redInside2), outside(green, greenInside, green2, greenInside2), outside(blue, blueInside, blue2, blueInside2),
  );
  if (unclear == 0) return;
  if (unclear & 1) decide(palette, 0, f64x2.extract_lane(red, 0), f64x2.extract_lane(green, 0), f64x2.extract_lane(blue, 0));
  if (unclear & 2) decide(palette, 4, f64x2.extract_lane(red, 1), f64x2.extract_lane(green, 1), f64x2.extract_lane(blue, 1));
  if (unclear & 4) decide(palette, 8, f64x2.extract_lane(red2, 0), f64x2.extract_lane(green2, 0), f64x2.extract_lane(blue2, 0));
  if (unclear & 8) decide(palette, 12, f64x2.extract_lane(red2, 1), f64x2.extract_lane(green2, 1), f64x2.extract_lane(blue2, 1));
}

function decide(palette: usize, at: usize, red: f64, green: f64, blue: f64): void {
  store<i32>(INDICES + at, nearest(palette, red, green, blue));
}

@inline
function unit(values: v128): v128 {
  return f64x2.pmin(f64x2.splat(1), f64x2.pmax(f64x2.splat(0), values));
}

@inline
function floatsOf(low: v128, high: v128): v128 {
  return v128.shuffle<i64>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 2);
}

/** What values, limited to -1 to 2, lie outside 0 to 1. */
@inline
function outside(low: v128, lowInside: v128, high: v128, highInside: v128): v128 {
  return floatsOf(f64x2.sub(limited(low), lowInside), f64x2.sub(limited(high), highInside));
}

@inline
function limited(values: v128): v128 {
  return f64x2.pmin(f64x2.splat(2), f64x2.pmax(f64x2.splat(-1), values));
}

/** Four values as light. */
@inline
function lightOf(palette: usize, low: v128, high: v128): v128 {
  const curve = <usize>load<i32>(palette, CURVE);
  if (curve == 0) return floatsOf(low, high);
  const steps = v128.load64_splat(palette, CURVE_STEPS);
  return floatsOf(pairAt(curve, steps, low), pairAt(curve, steps, high));
}

/**
 * Writes the indices of the colours nearest to the places of four linear colours. Returns a bit for each of them that has a second one less than `NEAR` further
 * away. Colours are sorted by lightness, so the search begins with those of about the same and ends on each side where lightness alone is too far away.
 */
function search(palette: usize, red: v128, green: v128, blue: v128, reds: v128, greens: v128, blues: v128): i32 {
  const l = longOf(red, green, blue);
  const m = mediumOf(red, green, blue);
  const s = shortOf(red, green, blue);
  const lightnesses = lightnessOf(l, m, s);
  const a = greenRedOf(l, m, s);
  const b = blueYellowOf(l, m, s);
  // As `toPlace` of src/domain/color/palette-match.ts.
  const chroma = f32x4.sqrt(f32x4.add(f32x4.mul(a, a), f32x4.mul(b, b)));
  const scale = f32x4.div(f32x4.splat(2), f32x4.add(f32x4.splat(1), f32x4.mul(chroma, f32x4.splat(8))));
  const as = f32x4.mul(a, scale);
  const bs = f32x4.mul(b, scale);
  const zero = f32x4.splat(0);
  const isPulled = v128.any_true(v128.or(v128.or(f32x4.ne(reds, zero), f32x4.ne(greens, zero)), f32x4.ne(blues, zero)));
  // The most that values outside draw a colour nearer.
  const mostPull = f32x4.add(f32x4.add(f32x4.pmax(zero, reds), f32x4.pmax(zero, greens)), f32x4.pmax(zero, blues));
  const reach = f32x4.add(mostPull, f32x4.splat(NEAR));
  const groups = load<i32>(palette, GROUPS);
  const first = <usize>load<i32>(palette, PLACES);
  const guess = <i32>(f32x4.extract_lane(lightnesses, 0) * <f32>groups);
  const start = min<i32>(groups - 1, max<i32>(0, guess));
  let least = f32x4.splat(f32.MAX_VALUE);
  let second = least;
  let best = i32x4.splat(0);
  for (let group = start; group < groups; group++) {
    const at = first + <usize>group * GROUP_BYTES;
    const up = f32x4.pmax(zero, f32x4.sub(v128.load32_splat(at), lightnesses));
    if (!v128.any_true(f32x4.lt(f32x4.mul(up, up), f32x4.add(least, reach)))) break;
    for (let i = 0; i < 4; i++) {
      const apart = apartOf(at + (<usize>i << 2), lightnesses, as, bs, isPulled, reds, greens, blues);
      second = f32x4.pmin(second, f32x4.pmax(least, apart));
      best = v128.bitselect(i32x4.splat((group << 2) + i), best, f32x4.lt(apart, least));
      least = f32x4.pmin(least, apart);
    }
  }
  for (let group = start - 1; group >= 0; group--) {
    const at = first + <usize>group * GROUP_BYTES;
    const under = f32x4.pmax(zero, f32x4.sub(lightnesses, v128.load32_splat(at, 12)));
    if (!v128.any_true(f32x4.lt(f32x4.mul(under, under), f32x4.add(least, reach)))) break;
    for (let i = 0; i < 4; i++) {
      const apart = apartOf(at + (<usize>i << 2), lightnesses, as, bs, isPulled, reds, greens, blues);
      second = f32x4.pmin(second, f32x4.pmax(least, apart));
      best = v128.bitselect(i32x4.splat((group << 2) + i), best, f32x4.lt(apart, least));
      least = f32x4.pmin(least, apart);
    }
  }
  v128.store(INDICES, best);
  // The cube roots of such small values are taken as 0.
  const most = f32x4.pmax(f32x4.pmax(red, green), blue);
  const isTiny = v128.and(f32x4.gt(most, zero), f32x4.lt(most, f32x4.splat(TINY)));
  return i32x4.bitmask(v128.or(isTiny, f32x4.lt(f32x4.sub(second, least), f32x4.splat(NEAR))));
}

/** The squares of the distances of a colour from four places, less what values outside draw it nearer. */
@inline
function apartOf(
  at: usize, lightnesses: v128, as: v128, bs: v128, isPulled: bool, reds: v128, greens: v128, blues: v128,
): v128 {
  const down = f32x4.sub(v128.load32_splat(at), lightnesses);
  const across = f32x4.sub(v128.load32_splat(at, 16), as);
  const along = f32x4.sub(v128.load32_splat(at, 32), bs);
  const square = f32x4.add(f32x4.add(f32x4.mul(down, down), f32x4.mul(across, across)), f32x4.mul(along, along));
  if (!isPulled) return square;
  const redPull = f32x4.mul(reds, v128.load32_splat(at, 48));
  const greenPull = f32x4.mul(greens, v128.load32_splat(at, 64));
  const bluePull = f32x4.mul(blues, v128.load32_splat(at, 80));
  return f32x4.sub(square, f32x4.add(f32x4.add(redPull, greenPull), bluePull));
}
