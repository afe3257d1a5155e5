/** A square of thresholds that is repeated over a picture. All lie between 0 and 1, and each rank occurs once. */
export type ThresholdMap = { readonly sizePx: number; readonly thresholds: Float32Array };

/**
 * Creates Bayer's index matrix for a size that is a power of two: B. E. Bayer, "An optimum method for two-level rendition of
 * continuous-tone pictures" (1973). Thresholds are (index + ½) / size².
 */
export function createBayerMap(sizePx: 2 | 4 | 8): ThresholdMap {
  const thresholds = new Float32Array(sizePx * sizePx);
  for (let y = 0; y < sizePx; y++) {
    for (let x = 0; x < sizePx; x++) thresholds[y * sizePx + x] = (bayerIndex(x, y, sizePx) + 0.5) / thresholds.length;
  }
  return { sizePx, thresholds };
}

// The recursion M(2n) = [4M, 4M+2; 4M+3, 4M+1], computed from the bits of the coordinates: the lowest bits weigh most.
function bayerIndex(x: number, y: number, sizePx: number): number {
  let index = 0;
  for (let bit = 1; bit < sizePx; bit <<= 1) {
    const right = x & bit ? 1 : 0;
    const down = y & bit ? 1 : 0;
    index = index * 4 + ((right ^ down) << 1) + down;
  }
  return index;
}
