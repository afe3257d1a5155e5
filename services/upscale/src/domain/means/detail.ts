import type { Layout } from "./layout.ts";
import { mirror } from "./mirror.ts";

/** Radius of the box that detail is averaged over, in pixels. */
const radiusPx = 2;

/** Levels of detail that count as none: flat regions are not corrected because of a pattern beside them. */
const leastDetail = 2;

/**
 * Returns how much the enlargement changed around each pixel of a source row: the absolute difference of means, averaged over a box
 * twice, mirrored at the borders.
 */
export function createDetails(
  { widthPx, heightPx, channels, space, newRows }: Layout,
  differencesAt: (y: number) => number,
): (y: number) => number {
  const table = space.allocate((2 * radiusPx + 1) * 4);
  const scratch = space.allocate((widthPx + 2 * radiusPx) * channels * 4);
  const average = (y: number, rowAt: (y: number) => number, least: number, out: number) => {
    const addresses: number[] = [];
    for (let i = -radiusPx; i <= radiusPx; i++) addresses.push(rowAt(mirror(y + i, heightPx)));
    space.writeAddresses(table, addresses);
    space.kernels.box(table, widthPx, channels, least, scratch, out);
    return true;
  };
  const boxed = newRows("few", (y, row) => average(y, differencesAt, 0, row));
  return newRows("half", (y, row) => average(y, boxed.at, leastDetail, row)).at;
}
