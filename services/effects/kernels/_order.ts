// Ordered dithering.

/**
 * Chooses the level of each sample of a row: the upper one of two where the tone's position between them is above the threshold. `levels` are doubles.
 * `thresholds` are doubles too, for `mask` + 1 pixels, which repeat.
 */
export function order(
  tones: usize, count: i32, planes: i32, levels: usize, levelCount: i32, thresholds: usize, mask: i32, indices: usize,
): void {
  const last = levelCount - 2;
  for (let x = 0; x < count; x++) {
    const threshold = load<f64>(thresholds + (<usize>(x & mask) << 3));
    for (let c = 0; c < planes; c++) {
      const tone = <f64>load<f32>(tones);
      let below = 0;
      while (below < last && tone >= load<f64>(levels + (<usize>below << 3), 8)) below++;
      const at = levels + (<usize>below << 3);
      const from = load<f64>(at, 0);
      const share = (tone - from) / (load<f64>(at, 8) - from);
      store<u8>(indices, <u8>(below + <i32>(share >= threshold)));
      tones += 4;
      indices += 1;
    }
  }
}
