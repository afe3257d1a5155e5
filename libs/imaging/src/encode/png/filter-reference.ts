/**
 * The reference of the kernel: filters one row of PNG (ISO/IEC 15948, clause 9) with the filter whose result has the least sum
 * of magnitudes as signed bytes (clause 12.8), the first of equal ones. `before` is the row above, or zeros. Returns the
 * filter's number and the row.
 */
export function filterRow(row: Uint8Array, before: Uint8Array, pixelBytes: number): Uint8Array {
  const results = [0, 1, 2, 3, 4].map((filter) => {
    const bytes = new Uint8Array(row.length + 1);
    bytes[0] = filter;
    let sum = 0;
    for (let i = 0; i < row.length; i++) {
      const left = i < pixelBytes ? 0 : (row[i - pixelBytes] as number);
      const corner = i < pixelBytes ? 0 : (before[i - pixelBytes] as number);
      const value = ((row[i] as number) - predict(filter, left, before[i] as number, corner)) & 255;
      bytes[i + 1] = value;
      sum += Math.min(value, 256 - value);
    }
    return { bytes, sum };
  });
  return results.reduce((best, other) => (other.sum < best.sum ? other : best)).bytes;
}

function predict(filter: number, left: number, above: number, corner: number): number {
  if (filter === 1) return left;
  if (filter === 2) return above;
  if (filter === 3) return (left + above) >> 1;
  return filter === 4 ? paeth(left, above, corner) : 0;
}

function paeth(left: number, above: number, corner: number): number {
  const estimate = left + above - corner;
  const [toLeft, toAbove, toCorner] = [left, above, corner].map((value) => Math.abs(estimate - value)) as [
    number,
    number,
    number,
  ];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
}
