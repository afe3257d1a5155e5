/**
 * A stream of bits, lowest first (RFC 1951, clause 3.1.1). At most 56 bits may be added between two calls of `flush`.
 */
import { lengthShift } from "./_huffman";

let held: u64 = 0;
let heldBits: u64 = 0;
let end: usize = 0;

/** Starts a stream at an address. Up to 7 bytes behind its end are overwritten. */
export function startBits(to: usize): void {
  held = 0;
  heldBits = 0;
  end = to;
}

/** Adds bits. */
@inline
export function add(bits: u64, length: u64): void {
  held |= bits << heldBits;
  heldBits += length;
}

/** Adds a symbol's code, as `makeCode` writes it. */
@inline
export function addCode(code: u32): void {
  add(code & ((1 << lengthShift) - 1), code >> lengthShift);
}

/** Stores whole bytes. Fewer than 8 bits are left. */
@inline
export function flush(): void {
  store<u64>(end, held);
  end += <usize>(heldBits >> 3);
  held >>= heldBits & 56;
  heldBits &= 7;
}

/** Fills up the last byte, and returns the address behind it. */
export function endBits(): usize {
  heldBits = (heldBits + 7) & ~7;
  flush();
  return end;
}
