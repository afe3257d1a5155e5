/**
 * Returns the index inside 0 to `length` - 1 for `index` of a picture mirrored at its borders: -1 is 0, `length` is `length` -
 * 1.
 */
export function mirror(index: number, length: number): number {
  const period = 2 * length;
  const inside = ((index % period) + period) % period;
  return inside < length ? inside : period - 1 - inside;
}
