// Sorted runs of pixels.
import { integerOf } from "./_convert";

/**
 * `to` = the colours of `row`, with runs of pixels sorted by a key. Keys and the limits `low` and `high` are 65535ths. A run has visible pixels with a
 * luma within the limits, at most `limit` of them. `by` is 0 for luma, 1 for hue, 2 for saturation. `scratch` has 16 bytes for each pixel and 1024
 * bytes more.
 */
export function sortRuns(
  row: usize, channels: i32, count: i32, by: i32, isFalling: bool, low: i32, high: i32, limit: i32, scratch: usize, to: usize,
): void {
  const step = <usize>channels << 2;
  const turned = isFalling ? 65535 : 0;
  const entries = scratch + 1024;
  const spare = entries + (<usize>count << 3);
  let length = 0;
  for (let x = 0; x < count; x++) {
    const pixel = row + <usize>x * step;
    const r = <f64>load<f32>(pixel, 0);
    const g = <f64>load<f32>(pixel, 4);
    const b = <f64>load<f32>(pixel, 8);
    const sum = 0.299 * r + 0.587 * g + 0.114 * b;
    const luma = keyOf(sum < 1 ? sum : 1);
    const isIn = luma >= low && luma <= high && (channels == 3 || load<f32>(pixel, 12) > 0);
    if (length > 0 && (!isIn || length == limit)) {
      writeSorted(row, x - length, length, step, entries, spare, scratch, to);
      length = 0;
    }
    if (isIn) {
      const key = by == 0 ? luma : keyOf(by == 1 ? hueOf(r, g, b) : saturationOf(r, g, b));
      store<u64>(entries + (<usize>length << 3), (<u64>(key ^ turned) << 32) | <u64>x);
      length += 1;
    } else copyColor(pixel, to + <usize>x * step);
  }
  if (length > 0) writeSorted(row, count - length, length, step, entries, spare, scratch, to);
}

/** A share from 0 to 1 in 65535ths. */
@inline
function keyOf(share: f64): i32 {
  return integerOf(Math.floor(share * 65535 + 0.5));
}

@inline
function copyColor(from: usize, to: usize): void {
  store<u64>(to, load<u64>(from));
  store<u32>(to, load<u32>(from, 8), 8);
}

@inline
function writeSorted(
  row: usize, start: i32, length: i32, step: usize, entries: usize, spare: usize, counts: usize, to: usize,
): void {
  sortEntries(entries, length, spare, counts);
  let at = to + <usize>start * step;
  for (let i: usize = 0, end = <usize>length << 3; i < end; i += 8) {
    copyColor(row + <usize>load<u32>(entries + i) * step, at);
    at += step;
  }
}

// Entries are a key of 16 bits above a place: all differ, so that equal keys keep their order in any method.
function sortEntries(entries: usize, length: i32, spare: usize, counts: usize): void {
  if (length <= 40) {
    const end = entries + (<usize>length << 3);
    for (let next = entries + 8; next < end; next += 8) {
      const entry = load<u64>(next);
      let at = next;
      for (; at > entries && load<u64>(at - 8) > entry; at -= 8) store<u64>(at, load<u64>(at - 8));
      store<u64>(at, entry);
    }
    return;
  }
  countingPass(entries, length, spare, counts, 4);
  countingPass(spare, length, entries, counts, 5);
}

/** A stable counting sort by one byte of the entries. */
@inline
function countingPass(from: usize, length: i32, to: usize, counts: usize, byte: usize): void {
  memory.fill(counts, 0, 1024);
  const end = from + (<usize>length << 3);
  for (let at = from; at < end; at += 8) {
    const slot = counts + (<usize>load<u8>(at + byte) << 2);
    store<u32>(slot, load<u32>(slot) + 1);
  }
  let sum: u32 = 0;
  for (let slot = counts; slot < counts + 1024; slot += 4) {
    const size = load<u32>(slot);
    store<u32>(slot, sum);
    sum += size;
  }
  for (let at = from; at < end; at += 8) {
    const slot = counts + (<usize>load<u8>(at + byte) << 2);
    const place = load<u32>(slot);
    store<u32>(slot, place + 1);
    store<u64>(to + (<usize>place << 3), load<u64>(at));
  }
}

/** Hue as a share of the circle, 0 for greys: A. R. Smith, "Color gamut transform pairs" (1978). */
@inline
function hueOf(r: f64, g: f64, b: f64): f64 {
  const most = Math.max(r, Math.max(g, b));
  const range = most - Math.min(r, Math.min(g, b));
  if (range <= 0) return 0;
  if (most == r) {
    const sixths = (g - b) / range;
    return (sixths < 0 ? sixths + 6 : sixths) / 6;
  }
  return (most == g ? (b - r) / range + 2 : (r - g) / range + 4) / 6;
}

/** Saturation of the same model (HSV). */
@inline
function saturationOf(r: f64, g: f64, b: f64): f64 {
  const most = Math.max(r, Math.max(g, b));
  return most > 0 ? (most - Math.min(r, Math.min(g, b))) / most : 0;
}
