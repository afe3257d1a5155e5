// Rows of bytes, mapped without floats in memory between.

/** A table of pairs of bytes, 128 KiB: the first of each pair mapped by a table of 256 bytes, the second by another. */
export function pairTable(first: usize, second: usize, to: usize): void {
  for (let high: usize = 0; high < 256; high++) {
    const upper = <u32>load<u8>(second + high) << 8;
    for (let low: usize = 0; low < 256; low++, to += 2) store<u16>(to, <u16>(upper | <u32>load<u8>(first + low)));
  }
}

/**
 * to[i] = the samples of a row, two at a time, by tables of pairs: `red` for red and green, and for three channels `blue` for blue and red, `green` for
 * green and blue; for four channels `blue` for blue and alpha. A pair takes half the time of two bytes.
 */
export function mapPairs(from: usize, channels: i32, count: i32, red: usize, blue: usize, green: usize, to: usize): void {
  const bytes = <usize>(count * channels);
  if (channels == 3) mapped(from, bytes, red, blue, green, red, blue, green, to);
  else mapped(from, bytes, red, blue, red, blue, red, blue, to);
}

@inline
function mapped(from: usize, bytes: usize, a: usize, b: usize, c: usize, d: usize, e: usize, f: usize, to: usize): void {
  // Rows have room for what lies past their end, which is written afterwards or never read.
  for (const end = to + bytes; to < end; to += 12, from += 12) {
    store<u16>(to, pairOf(a, load<u16>(from, 0)), 0);
    store<u16>(to, pairOf(b, load<u16>(from, 2)), 2);
    store<u16>(to, pairOf(c, load<u16>(from, 4)), 4);
    store<u16>(to, pairOf(d, load<u16>(from, 6)), 6);
    store<u16>(to, pairOf(e, load<u16>(from, 8)), 8);
    store<u16>(to, pairOf(f, load<u16>(from, 10)), 10);
  }
}

@inline
function pairOf(table: usize, pair: u16): u16 {
  return load<u16>(table + (<usize>pair << 1));
}

/** to[i] = 255 - from[i], for all samples of a row. */
export function complement(from: usize, bytes: i32, to: usize): void {
  for (const end = to + <usize>bytes; to < end; to += 16, from += 16) v128.store(to, v128.not(v128.load(from)));
}

/**
 * One channel of a row of pixels: the sample `offset` pixels to the left in `from`, or the own one where that pixel is invisible. Past an edge it is that
 * of the edge.
 */
export function shiftBytes(from: usize, own: usize, channels: i32, channel: i32, count: i32, offset: i32, to: usize): void {
  if (channels == 3) shiftOf(from, own, 3, channel, count, offset, to);
  else shiftOf(from, own, 4, channel, count, offset, to);
}

@inline
function shiftOf(from: usize, own: usize, channels: usize, channel: usize, count: i32, offset: i32, to: usize): void {
  const last = count - 1;
  // Pixels before the first and after the last one whose source lies inside the row.
  const before = min<i32>(count, max<i32>(0, offset));
  const inside = max<i32>(before, min<i32>(count, count + offset));
  let x = 0;
  for (; x < before; x++, own += channels, to += channels) copySample(from, own, channels, channel, to);
  let source = from + <usize>(x - offset) * channels;
  for (; x < inside; x++, source += channels, own += channels, to += channels) copySample(source, own, channels, channel, to);
  for (; x < count; x++, own += channels, to += channels) {
    copySample(from + <usize>last * channels, own, channels, channel, to);
  }
}

@inline
function copySample(pixel: usize, own: usize, channels: usize, channel: usize, to: usize): void {
  if (channels == 3) store<u8>(to + channel, load<u8>(pixel + channel));
  else store<u8>(to + channel, load<u8>(pixel, 3) > 0 ? load<u8>(pixel + channel) : load<u8>(own + channel));
}
