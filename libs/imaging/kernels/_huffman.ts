/**
 * Huffman codes of bounded length (RFC 1951, clause 3.2.2) from the counts of symbols.
 */

/** Most symbols of a code. */
const mostSymbols: i32 = 288;
/** Bits of a symbol's number in a key; its count is above them. */
const symbolBits: u32 = 9;
const bucketBits: u32 = 8;
const buckets: u32 = 1 << bucketBits;

const keys: usize = memory.data(mostSymbols * 4, 16);
const otherKeys: usize = memory.data(mostSymbols * 4, 16);
/** Counts of symbols, which become the lengths of their codes. */
const depths: usize = memory.data(mostSymbols * 4, 16);
const offsets: usize = memory.data(<i32>buckets * 4, 16);
/** Numbers of codes by length, and the next code of each length. */
const ofLength: usize = memory.data(64 * 4, 16);
const nextCode: usize = memory.data(64 * 4, 16);

/** The length and the bits of a symbol's code in one integer: bits to be written from the lowest on, and the length above them. */
export const lengthShift: u32 = 16;

@inline
function word(array: usize, at: i32): u32 {
  return load<u32>(array + (<usize>at << 2));
}

@inline
function setWord(array: usize, at: i32, value: u32): void {
  store<u32>(array + (<usize>at << 2), value);
}

/** Collects the symbols that occur. Returns their number. */
function collect(counts: usize, symbols: i32): i32 {
  let used = 0;
  for (let symbol = 0; symbol < symbols; symbol++) {
    const count = word(counts, symbol);
    if (count == 0) continue;
    setWord(keys, used, (count << symbolBits) | <u32>symbol);
    used += 1;
  }
  return used;
}

/** Sorts the keys by their counts, equal ones by symbol. Returns where they are. */
function sortKeys(used: i32): usize {
  let all: u32 = 0;
  for (let at = 0; at < used; at++) all |= word(keys, at);
  let from = keys;
  let to = otherKeys;
  for (let shift = symbolBits; shift < 32 && all >> shift != 0; shift += bucketBits) {
    memory.fill(offsets, 0, <usize>buckets << 2);
    for (let at = 0; at < used; at++) {
      const bucket = <i32>((word(from, at) >> shift) & (buckets - 1));
      setWord(offsets, bucket, word(offsets, bucket) + 1);
    }
    let start: u32 = 0;
    for (let bucket = 0; bucket < <i32>buckets; bucket++) {
      const count = word(offsets, bucket);
      setWord(offsets, bucket, start);
      start += count;
    }
    for (let at = 0; at < used; at++) {
      const key = word(from, at);
      const bucket = <i32>((key >> shift) & (buckets - 1));
      const place = word(offsets, bucket);
      setWord(offsets, bucket, place + 1);
      setWord(to, <i32>place, key);
    }
    const swapped = from;
    from = to;
    to = swapped;
  }
  return from;
}

/**
 * Replaces rising counts of two or more symbols by the lengths of their codes, in place: A. Moffat, J. Katajainen, In-place calculation of
 * minimum-redundancy codes, 1995.
 */
function countsToLengths(used: i32): void {
  // Pairs of the least two become inner nodes, each with the place of its parent in the end.
  let leaf = 0;
  let root = 0;
  for (let next = 0; next < used - 1; next++) {
    let sum: u32 = 0;
    for (let child = 0; child < 2; child++) {
      if (leaf >= used || (root < next && word(depths, root) < word(depths, leaf))) {
        sum += word(depths, root);
        setWord(depths, root, <u32>next);
        root += 1;
      } else {
        sum += word(depths, leaf);
        leaf += 1;
      }
    }
    setWord(depths, next, sum);
  }
  // Depths of inner nodes.
  setWord(depths, used - 2, 0);
  for (let at = used - 3; at >= 0; at--) setWord(depths, at, word(depths, <i32>word(depths, at)) + 1);
  // Depths of leaves: the places of each level that no inner node takes.
  let free = 1;
  let inner = used - 2;
  let next = used - 1;
  for (let depth: u32 = 0; free > 0; depth++) {
    let taken = 0;
    while (inner >= 0 && word(depths, inner) == depth) {
      taken += 1;
      inner -= 1;
    }
    for (let leaves = free - taken; leaves > 0; leaves--) {
      setWord(depths, next, depth);
      next -= 1;
    }
    free = 2 * taken;
  }
}

/** Counts the codes of each length, none above the limit, so that they are still a full code. */
function limitLengths(used: i32, limit: i32): void {
  memory.fill(ofLength, 0, 64 * 4);
  let sum: i32 = 0;
  for (let at = 0; at < used; at++) {
    const length = min(<i32>word(depths, at), limit);
    setWord(ofLength, length, word(ofLength, length) + 1);
    sum += 1 << (limit - length);
  }
  // A pair of the longest codes takes the place of a shorter code, which becomes one bit longer with one of them beside it.
  for (; sum > 1 << limit; sum--) {
    setWord(ofLength, limit, word(ofLength, limit) - 1);
    let length = limit - 1;
    while (word(ofLength, length) == 0) length--;
    setWord(ofLength, length, word(ofLength, length) - 1);
    setWord(ofLength, length + 1, word(ofLength, length + 1) + 2);
  }
}

@inline
function reversed(code: u32, length: u32): u32 {
  let bits: u32 = 0;
  for (let bit: u32 = 0; bit < length; bit++) bits |= ((code >> bit) & 1) << (length - 1 - bit);
  return bits;
}

/**
 * Makes a code for `symbols` symbols, two of which occur at least, from their 32-bit counts. Writes a byte with the length of each symbol's code, 0 if it does
 * not occur and `limit` at most, and 32 bits with the code and its length.
 */
export function makeCode(counts: usize, symbols: i32, limit: i32, lengths: usize, codes: usize): void {
  const used = collect(counts, symbols);
  const sorted = sortKeys(used);
  for (let at = 0; at < used; at++) setWord(depths, at, word(sorted, at) >> symbolBits);
  countsToLengths(used);
  limitLengths(used, limit);
  memory.fill(lengths, 0, <usize>symbols);
  let at = 0;
  for (let length = limit; length > 0; length--) {
    for (let left = word(ofLength, length); left > 0; left--) {
      store<u8>(lengths + <usize>(word(sorted, at) & ((1 << symbolBits) - 1)), <u8>length);
      at += 1;
    }
  }
  let code: u32 = 0;
  for (let length = 1; length <= limit; length++) {
    code = (code + word(ofLength, length - 1)) << 1;
    setWord(nextCode, length, code);
  }
  for (let symbol = 0; symbol < symbols; symbol++) {
    const length = load<u8>(lengths + <usize>symbol);
    if (length == 0) continue;
    const own = word(nextCode, length);
    setWord(nextCode, length, own + 1);
    setWord(codes, symbol, reversed(own, length) | (<u32>length << lengthShift));
  }
}
