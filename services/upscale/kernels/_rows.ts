// Helpers for rows of floats. Vectors may read and write up to 12 bytes past the end of a row.

/** Returns the index inside 0 to `length` - 1 for an index of a row mirrored at its ends: -1 is 0, `length` is `length` - 1. */
function mirror(index: i32, length: i32): i32 {
  const period = 2 * length;
  const inside = ((index % period) + period) % period;
  return inside < length ? inside : period - 1 - inside;
}

/** Writes `reach` mirrored pixels before and after a row. */
export function mirrorEnds(row: usize, length: i32, channels: i32, reach: i32): void {
  const bytes = <usize>(channels << 2);
  for (let i = 1; i <= reach; i++) {
    memory.copy(row - <usize>i * bytes, row + <usize>mirror(-i, length) * bytes, bytes);
    const right = length - 1 + i;
    memory.copy(row + <usize>right * bytes, row + <usize>mirror(right, length) * bytes, bytes);
  }
}

/** Sets the vector behind a row to 0, so that a later search finds nothing there. */
@inline
export function clearEnd(row: usize, samples: i32): void {
  v128.store(row + (<usize>samples << 2), i32x4.splat(0));
}

/** Returns the address at an index of a table of addresses. */
@inline
export function entry(table: usize, index: usize): usize {
  return <usize>load<u32>(table + (index << 2));
}
