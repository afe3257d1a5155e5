/** Constraints of tiles, in input pixels. */
export type TileRules = {
  /** Size of the largest input, halo included: the pixels of a square with this side, and no side longer than twice this. */
  readonly tilePx: number;
  /** Context on each side of a core that is not a border of the picture. */
  readonly haloPx: number;
  /** Starts and sides of inputs are multiples of this. */
  readonly sizeMultiple: number;
};

const longestSides = 2;

/**
 * The fixed cost of a tile, in pixels: about 5 ms of cutting, sending and stitching at 2.2 to 2.7 µs a pixel, as measured by
 * `make eval-tiles` for pixelmesh-sr-x4 with tiles of 128 and of 1024 px (docs/explanation/tiles-and-models.md).
 */
const overheadPx = 2_048;

/** Whether an input is within `tilePx`. Its memory depends on its number of pixels, not on its shape. */
export function fitsTile(
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  tilePx: number,
) {
  return widthPx * heightPx <= tilePx ** 2 && Math.max(widthPx, heightPx) <= longestSides * tilePx;
}

/** Number of tiles, and the size of each input in units of `sizeMultiple`. */
export type TileGrid = {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
};

/**
 * Returns the cheapest grid of equal tiles over an area of `width` by `height` units, by the pixels of its inputs, halos
 * included, and a fixed cost for each tile. Returns undefined if the largest tile is not larger than its halos.
 */
export function findGrid(width: number, height: number, rules: TileRules): TileGrid | undefined {
  const { tilePx, sizeMultiple } = rules;
  const halo = Math.ceil(rules.haloPx / sizeMultiple);
  const longest = Math.floor((longestSides * tilePx) / sizeMultiple);
  const largest = Math.floor((tilePx / sizeMultiple) ** 2);
  const overhead = overheadPx / sizeMultiple ** 2;
  let best: TileGrid | undefined;
  let least = Number.POSITIVE_INFINITY;
  /** A lower bound of a grid's cost, which grows with each column and row: it ends the search. */
  const leastOf = (columns: number, rows: number) =>
    (width + 2 * halo * (columns - 1)) * (height + 2 * halo * (rows - 1)) + columns * rows * overhead;
  for (let columns = 1; columns <= mostOf(width, halo) && leastOf(columns, 1) < least; columns++) {
    const each = shareOf(width, columns, halo);
    const fewest = countFor(height, Math.min(longest, Math.floor(largest / each)), halo);
    if (each > longest || fewest === undefined) continue;
    for (let rows = fewest; rows <= mostOf(height, halo) && leastOf(columns, rows) < least; rows++) {
      const grid = { columns, rows, width: each, height: shareOf(height, rows, halo) };
      const cost = columns * rows * (each * grid.height + overhead);
      if (cost < least) [best, least] = [grid, cost];
    }
  }
  return best;
}

/** The largest number of inputs along `length`: each covers a unit that no other covers. */
function mostOf(length: number, halo: number): number {
  return Math.max(1, length - 2 * halo);
}

/** The length of each of `count` equal inputs that cover `length`, in units. */
function shareOf(length: number, count: number, halo: number): number {
  return Math.ceil((length + 2 * halo * (count - 1)) / count);
}

/** The smallest number of inputs, each at most `longest`, that cover `length`; undefined if halos take all of an input. */
function countFor(length: number, longest: number, halo: number): number | undefined {
  if (length <= longest) return 1;
  return longest > 2 * halo ? Math.ceil((length - 2 * halo) / (longest - 2 * halo)) : undefined;
}
