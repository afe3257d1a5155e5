// Exchanged rows and columns.

/**
 * Writes `height` rows of `width` pixels, `stride` bytes apart, as columns: pixel x of row y becomes pixel y of row x. Rows of the result are `toStride`
 * bytes apart. A pixel has 1 to 4 bytes, or 12 or 16.
 */
export function transpose(from: usize, stride: usize, pixelBytes: i32, width: i32, height: i32, to: usize, toStride: usize): void {
  switch (pixelBytes) {
    case 1: return transposeOf(from, stride, 1, width, height, to, toStride);
    case 2: return transposeOf(from, stride, 2, width, height, to, toStride);
    case 3: return transposeOf(from, stride, 3, width, height, to, toStride);
    case 4: return transposeOf(from, stride, 4, width, height, to, toStride);
    case 12: return transposeOf(from, stride, 12, width, height, to, toStride);
    default: return transposeOf(from, stride, 16, width, height, to, toStride);
  }
}

@inline
function transposeOf(
  from: usize, stride: usize, pixelBytes: i32, width: i32, height: i32, to: usize, toStride: usize,
): void {
  for (let y = 0; y < height; y++) {
    let pixel = from;
    let at = to;
    for (let x = 0; x < width; x++) {
      if (pixelBytes == 1) store<u8>(at, load<u8>(pixel));
      else if (pixelBytes == 2) store<u16>(at, load<u16>(pixel));
      else if (pixelBytes == 3) {
        store<u16>(at, load<u16>(pixel));
        store<u8>(at, load<u8>(pixel, 2), 2);
      } else if (pixelBytes == 4) store<u32>(at, load<u32>(pixel));
      else if (pixelBytes == 12) {
        store<u64>(at, load<u64>(pixel));
        store<u32>(at, load<u32>(pixel, 8), 8);
      } else v128.store(at, v128.load(pixel));
      pixel += pixelBytes;
      at += toStride;
    }
    from += stride;
    to += pixelBytes;
  }
}
