import type { Pace } from "@pixelmesh/lifecycle";
import type { Size } from "./plane.ts";

/**
 * Numbers the connected parts of the pixels that `isIn` accepts, by the first scan of Rosenfeld and Pfaltz ("Sequential operations in digital picture processing", 1966) with
 * union-find: an Int32Array with the part of each pixel, -1 for the others. `corners`: pixels that touch at a corner are connected.
 */
export async function labelParts(
  { widthPx, heightPx }: Size,
  isIn: (at: number) => boolean,
  corners: boolean,
  pace: Pace,
): Promise<Int32Array> {
  const parts = new Int32Array(widthPx * heightPx).fill(-1);
  const find = (at: number): number => {
    let root = at;
    while (parts[root] !== root) root = parts[root] as number;
    // Paths are halved, so that later searches are short.
    let step = at;
    while (parts[step] !== root) {
      const next = parts[step] as number;
      parts[step] = root;
      step = next;
    }
    return root;
  };
  const join = (one: number, other: number) => {
    const [first, second] = [find(one), find(other)];
    parts[Math.max(first, second)] = Math.min(first, second);
  };
  for (let y = 0; y < heightPx; y++) {
    for (let x = 0; x < widthPx; x++) {
      const at = y * widthPx + x;
      if (!isIn(at)) continue;
      parts[at] = at;
      if (x > 0 && parts[at - 1] !== -1) join(at, at - 1);
      if (y === 0) continue;
      const above = at - widthPx;
      if (parts[above] !== -1) join(at, above);
      if (corners && x > 0 && parts[above - 1] !== -1) join(at, above - 1);
      if (corners && x < widthPx - 1 && parts[above + 1] !== -1) join(at, above + 1);
    }
    await pace(widthPx);
  }
  for (let at = 0; at < parts.length; at++) if (parts[at] !== -1) parts[at] = find(at);
  return parts;
}
