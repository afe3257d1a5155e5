/**
 * Returns the palette of at most `count` colours by P. Heckbert's median cut, "Color image quantization for frame buffer display" (1982): the box with
 * the most pixels is cut at the median of its longest side, and each box becomes its mean. Colours are triples of any scale.
 */
export function medianCut(colors: readonly (readonly number[])[], count: number): readonly (readonly number[])[] {
  const boxes = [[...colors]];
  while (boxes.length < count) {
    const index = boxes.reduce((best, box, i) => (box.length > boxes[best]!.length ? i : best), 0);
    const box = boxes[index]!;
    if (box.length < 2) break;
    const sides = [0, 1, 2].map((c) => spreadOf(box.map((color) => color[c]!)));
    const longest = sides.indexOf(Math.max(...sides));
    box.sort((one, other) => one[longest]! - other[longest]!);
    const middle = Math.floor(box.length / 2);
    boxes.splice(index, 1, box.slice(0, middle), box.slice(middle));
  }
  return boxes.map((box) => [0, 1, 2].map((c) => box.reduce((sum, color) => sum + color[c]!, 0) / box.length));
}

function spreadOf(values: readonly number[]): number {
  const [least, most] = values.reduce(([low, high], value) => [Math.min(low, value), Math.max(high, value)] as const, [
    Number.POSITIVE_INFINITY,
    Number.NEGATIVE_INFINITY,
  ] as const);
  return most - least;
}
