/**
 * Deflate (RFC 1951) that looks for runs of equal bytes only, as zlib's strategy `Z_RLE` does: literals, and matches at distance 1.
 */
import { add, addCode, endBits, flush, startBits } from "./_bits";
import { lengthShift, makeCode } from "./_huffman";

/** Bytes of a block, which has a code of its own. */
const blockBytes: i32 = 64 * 1024;
/** Shorter runs are literals: in the noise of photographs they are frequent, and a match for them saves nothing. */
const leastRun: i32 = 6;
const mostRun: i32 = 258;
/** The shortest match that deflate has a symbol for. */
const shortestMatch: i32 = 3;
/** Bytes that are searched for a run at once, and those of them that are literals if no run begins there. */
const window: usize = 32;
const literalsAtOnce: usize = 24;
const endOfBlock: i32 = 256;
const symbols: i32 = 286;
/** With 12 bits a literal, four of them fit the held bits together. */
const longestCode: i32 = 12;
const distances: i32 = 2;

/** The symbols that give lengths of codes, and their longest code. */
const lengthSymbols: i32 = 19;
const longestLengthCode: i32 = 7;

/** Counts of symbols; those of literals in four tables, so that equal bytes in a row do not wait for each other. */
const literalCounts: usize = memory.data(4 * 1024, 16);
const counts: usize = memory.data(288 * 4, 16);
const codes: usize = memory.data(288 * 4, 16);
/** The lengths of the codes of symbols, and then those of distances. */
const lengths: usize = memory.data(320, 16);
/** The same lengths with repetition: a symbol each, and what follows it above it. */
const packed: usize = memory.data(320 * 2, 16);
const lengthCounts: usize = memory.data(lengthSymbols * 4, 16);
const lengthCodes: usize = memory.data(lengthSymbols * 4, 16);
const lengthLengths: usize = memory.data(32, 16);

/** Returns which of 32 bytes begin a run of `leastRun` or more, as bits; those whose run would end behind the 32 bytes are 0. */
@inline
function runStarts(at: usize): u32 {
  const early = <u32>i8x16.bitmask(i8x16.eq(v128.load(at), v128.load(at - 1)));
  const late = <u32>i8x16.bitmask(i8x16.eq(v128.load(at, 16), v128.load(at, 15)));
  const one = early | (late << 16);
  const two = one & (one >> 1);
  const four = two & (two >> 2);
  return four & (two >> 4);
}

/** Returns how many bytes from here on equal the one before, `mostRun` at most. */
function runLength(at: usize, end: usize): i32 {
  const stop = min(end, at + <usize>mostRun);
  const value = i8x16.splat(load<i8>(at - 1));
  let to = at;
  for (; to + 16 <= stop; to += 16) {
    const other = ~i8x16.bitmask(i8x16.eq(v128.load(to), value)) & 0xffff;
    if (other != 0) return <i32>(to - at) + ctz<i32>(other);
  }
  while (to < stop && load<u8>(to) == load<u8>(at - 1)) to++;
  return <i32>(to - at);
}

@inline
function countByte(table: usize, value: u64): void {
  const at = literalCounts + (table << 10) + (<usize>(value & 255) << 2);
  store<u32>(at, load<u32>(at) + 1);
}

@inline
function countEight(bytes: u64): void {
  countByte(0, bytes);
  countByte(1, bytes >> 8);
  countByte(2, bytes >> 16);
  countByte(3, bytes >> 24);
  countByte(0, bytes >> 32);
  countByte(1, bytes >> 40);
  countByte(2, bytes >> 48);
  countByte(3, bytes >> 56);
}

/** Returns the bits that follow the symbol of a run's length. */
@inline
function extraBits(length: i32): i32 {
  const over = length - shortestMatch;
  return over < 8 || length == mostRun ? 0 : 29 - clz<i32>(over);
}

/** Returns the symbol of a run's length (RFC 1951, clause 3.2.5). */
@inline
function runSymbol(length: i32, extra: i32): i32 {
  return length == mostRun ? symbols - 1 : endOfBlock + 1 + (extra << 2) + ((length - shortestMatch) >> extra);
}

/** Counts the symbols of a block. */
function countSymbols(from: usize, end: usize, isFirst: bool): void {
  memory.fill(literalCounts, 0, 4 * 1024);
  memory.fill(counts, 0, 288 * 4);
  let at = from;
  if (isFirst) countByte(0, load<u8>(at++));
  while (at < end) {
    if (at + window <= end) {
      const before = <usize>ctz<u32>(runStarts(at));
      if (before >= literalsAtOnce) {
        countEight(load<u64>(at));
        countEight(load<u64>(at, 8));
        countEight(load<u64>(at, 16));
        at += literalsAtOnce;
        continue;
      }
      for (const start = at + before; at < start; at++) countByte(at & 3, load<u8>(at));
    }
    const length = runLength(at, end);
    if (length < leastRun) {
      countByte(0, load<u8>(at++));
      continue;
    }
    const place = counts + (<usize>runSymbol(length, extraBits(length)) << 2);
    store<u32>(place, load<u32>(place) + 1);
    at += <usize>length;
  }
  for (let byte: usize = 0; byte < 1024; byte += 16) {
    const table = literalCounts + byte;
    const early = i32x4.add(v128.load(table), v128.load(table, 1024));
    v128.store(counts + byte, i32x4.add(early, i32x4.add(v128.load(table, 2048), v128.load(table, 3072))));
  }
  store<u32>(counts + (<usize>endOfBlock << 2), 1);
}

@inline
function addLiteral(value: u64): void {
  addCode(codeOf(value));
}

@inline
function codeOf(value: u64): u32 {
  return load<u32>(codes + (<usize>(value & 255) << 2));
}

@inline
function bitsOf(code: u32): u64 {
  return code & ((1 << lengthShift) - 1);
}

/** Adds four literals. They are joined first, because each addition to the stream waits for the one before. */
@inline
function addFour(bytes: u64): void {
  const first = codeOf(bytes);
  const second = codeOf(bytes >> 8);
  const third = codeOf(bytes >> 16);
  const fourth = codeOf(bytes >> 24);
  const early = <u64>(first >> lengthShift) + (second >> lengthShift);
  const late = <u64>(third >> lengthShift) + (fourth >> lengthShift);
  const earlyBits = bitsOf(first) | (bitsOf(second) << (first >> lengthShift));
  const lateBits = bitsOf(third) | (bitsOf(fourth) << (third >> lengthShift));
  add(earlyBits | (lateBits << early), early + late);
  flush();
}

@inline
function addEight(bytes: u64): void {
  addFour(bytes);
  addFour(bytes >> 32);
}

/** Writes the symbols of a block. */
function writeSymbols(from: usize, end: usize, isFirst: bool): void {
  let at = from;
  if (isFirst) addLiteral(load<u8>(at++));
  flush();
  while (at < end) {
    if (at + window <= end) {
      const before = <usize>ctz<u32>(runStarts(at));
      if (before >= literalsAtOnce) {
        addEight(load<u64>(at));
        addEight(load<u64>(at, 8));
        addEight(load<u64>(at, 16));
        at += literalsAtOnce;
        continue;
      }
      for (const start = at + before; at < start; at++) {
        addLiteral(load<u8>(at));
        flush();
      }
    }
    const length = runLength(at, end);
    if (length < leastRun) {
      addLiteral(load<u8>(at++));
    } else {
      const extra = extraBits(length);
      addCode(load<u32>(codes + (<usize>runSymbol(length, extra) << 2)));
      add(<u32>(length - shortestMatch) & ((1 << extra) - 1), extra);
      // The code of distance 1.
      add(0, 1);
      at += <usize>length;
    }
    flush();
  }
  addCode(load<u32>(codes + (<usize>endOfBlock << 2)));
  flush();
}

/** Packs `count` lengths with repetition (RFC 1951, clause 3.2.7) and counts their symbols. Returns the number of packed ones. */
function packLengths(count: i32): i32 {
  memory.fill(lengthCounts, 0, lengthSymbols * 4);
  let number = 0;
  for (let at = 0; at < count; ) {
    const value = load<u8>(lengths + <usize>at);
    let same = 1;
    while (at + same < count && load<u8>(lengths + <usize>(at + same)) == value) same++;
    let symbol: i32 = value;
    let extra = 0;
    if (value == 0 && same >= 3) {
      same = min(same, 138);
      symbol = same < 11 ? 17 : 18;
      extra = same - (same < 11 ? 3 : 11);
    } else if (at > 0 && load<u8>(lengths + <usize>(at - 1)) == value && same >= 3) {
      same = min(same, 6);
      symbol = 16;
      extra = same - 3;
    } else same = 1;
    store<u16>(packed + (<usize>number << 1), <u16>(symbol | (extra << 8)));
    const place = lengthCounts + (<usize>symbol << 2);
    store<u32>(place, load<u32>(place) + 1);
    number += 1;
    at += same;
  }
  return number;
}

/** Returns the symbol whose length is the one at this place of a block's head (RFC 1951, clause 3.2.7). */
function lengthSymbolAt(place: i32): i32 {
  if (place < 3) return 16 + place;
  if (place == 3) return 0;
  const far = (place - 4) >> 1;
  return (place & 1) == 0 ? 8 + far : 7 - far;
}

/** Writes the head of a block with its codes. */
function writeHead(): void {
  let used = symbols;
  while (load<u8>(lengths + <usize>(used - 1)) == 0) used--;
  // Both distances have one bit: a full code.
  store<u16>(lengths + <usize>used, 0x0101);
  const number = packLengths(used + distances);
  makeCode(lengthCounts, lengthSymbols, longestLengthCode, lengthLengths, lengthCodes);
  let given = lengthSymbols;
  while (given > 4 && load<u8>(lengthLengths + <usize>lengthSymbolAt(given - 1)) == 0) given--;
  // Not the last block; with codes of its own.
  add(4, 3);
  add(<u32>(used - 257), 5);
  add(<u32>(distances - 1), 5);
  add(<u32>(given - 4), 4);
  flush();
  for (let place = 0; place < given; place++) {
    add(load<u8>(lengthLengths + <usize>lengthSymbolAt(place)), 3);
    flush();
  }
  for (let at = 0; at < number; at++) {
    const symbol = load<u16>(packed + (<usize>at << 1));
    const kind = symbol & 255;
    addCode(load<u32>(lengthCodes + (<usize>kind << 2)));
    if (kind >= 16) add(symbol >> 8, kind == 16 ? 2 : kind == 17 ? 3 : 7);
    flush();
  }
}

/**
 * Deflates bytes to another address, as blocks that are not the last of a stream. They end at a byte with an empty stored block, as after zlib's sync
 * flush. Returns their length: at most 12 bits a byte, and 600 bytes for the head of each 64 KiB. Up to 7 bytes behind them are overwritten.
 */
export function deflate(from: usize, length: i32, to: usize): i32 {
  startBits(to);
  const end = from + <usize>length;
  for (let at = from; at < end; at += blockBytes) {
    const blockEnd = min(end, at + <usize>blockBytes);
    countSymbols(at, blockEnd, at == from);
    makeCode(counts, symbols, longestCode, lengths, codes);
    writeHead();
    writeSymbols(at, blockEnd, at == from);
  }
  add(0, 3);
  const stored = endBits();
  // The lengths of the stored block: 0, and its complement.
  store<u32>(stored, 0xffff0000);
  return <i32>(stored + 4 - to);
}
