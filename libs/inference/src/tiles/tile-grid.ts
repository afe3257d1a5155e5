/** What tiles must keep to, in input pixels. */
export type TileRules = {
  /** The largest input, halo included: as many pixels as a square of this side, and no side longer than two of it. */
  readonly tilePx: number;
  /** Context on each side of a core that is not a border of the picture. */
  readonly haloPx: number;
  /** Inputs begin at and measure multiples of this. */
  readonly sizeMultiple: number;
};

const longestSides = 2;

/**
 * What a tile costs beside its pixels, in pixels: some 5 ms of cutting, sending and stitching at 2.2 to 2.7 µs a pixel, by what
 * `make eval-tiles` says of pixelmesh-sr-x4 with tiles of 128 and of 1024 px (docs/models.md).
 */
const overheadPx = 2_048;

/** Whether an input may be run where tiles of `tilePx` are allowed: memory goes with its pixels, whatever its shape. */
export function fitsTile(
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  tilePx: number,
) {
  return widthPx * heightPx <= tilePx ** 2 && Math.max(widthPx, heightPx) <= longestSides * tilePx;
}

/** How many tiles there are, and how large each input is, in units of `sizeMultiple`. */
export type TileGrid = {
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
};

/**
 * The grid of equal tiles that costs least over an area of `width` by `height` units: the pixels of its inputs, halos
 * included, and something for each tile. Undefined where the largest tile has no room beside its halos.
 */
export function findGrid(width: number, height: number, rules: TileRules): TileGrid | undefined {
  const { tilePx, sizeMultiple } = rules;
  const halo = Math.ceil(rules.haloPx / sizeMultiple);
  const longest = Math.floor((longestSides * tilePx) / sizeMultiple);
  const largest = Math.floor((tilePx / sizeMultiple) ** 2);
  const overhead = overheadPx / sizeMultiple ** 2;
  let best: TileGrid | undefined;
  let least = Number.POSITIVE_INFINITY;
  /** Never more than a grid costs, and more with each column and row. */
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

/** As many inputs as there can be along `length`: each covers a unit that no other does. */
function mostOf(length: number, halo: number): number {
  return Math.max(1, length - 2 * halo);
}

/** How long each of `count` equal inputs is that cover `length`, in units. */
function shareOf(length: number, count: number, halo: number): number {
  return Math.ceil((length + 2 * halo * (count - 1)) / count);
}

/** The fewest inputs of at most `room` that cover `length`; undefined where there is no room beside the halos. */
function countFor(length: number, room: number, halo: number): number | undefined {
  if (length <= room) return 1;
  return room > 2 * halo ? Math.ceil((length - 2 * halo) / (room - 2 * halo)) : undefined;
}
