import { expected } from "@pixelmesh/errors";
import { findGrid, type TileRules } from "./tile-grid.ts";

/** One row or column of the tile grid, in input pixels. */
export type Span = {
  /** Start of the model's input. */
  readonly inputStart: number;
  /** Length of the model's input. It may pass the picture's end by less than `sizeMultiple`; those pixels repeat the last. */
  readonly inputSize: number;
  /** Start of the core, the part of the result that is kept. */
  readonly coreStart: number;
  readonly coreSize: number;
};

/** A rectangle of a picture, in input pixels. */
export type Region = {
  readonly left: number;
  readonly top: number;
  readonly widthPx: number;
  readonly heightPx: number;
};

/** A grid of tiles: every input is `tileWidthPx` by `tileHeightPx`, the cores cover each pixel of the region once. */
export type TilePlan = {
  readonly columns: readonly Span[];
  readonly rows: readonly Span[];
  readonly tileWidthPx: number;
  readonly tileHeightPx: number;
  readonly count: number;
};

/** Options of `planTiles`, in input pixels. */
export type TilePlanOptions = TileRules & {
  /** Sides of the picture. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** The part to cover. Tiles take their context from the whole picture. Default: the whole picture. */
  readonly region?: Region;
};

/**
 * Returns the cheapest grid of equal tiles, by its pixels, halos included, and a fixed cost for each tile. All inputs have the
 * same size, so that the runtime sees one shape. They are spread evenly, overlap by at least two halos, and stay within the
 * picture except to fill up the last multiple. Neighbouring cores meet in the middle of the overlap. A region that fits one
 * tile gets one tile. Throws INVALID_ARGUMENT if the largest tile is not larger than its halos.
 */
export function planTiles(options: TilePlanOptions): TilePlan {
  const { widthPx, heightPx, haloPx, tilePx, sizeMultiple } = options;
  const region = options.region ?? { left: 0, top: 0, widthPx, heightPx };
  const x = toAxis(region.left, region.widthPx, widthPx, options);
  const y = toAxis(region.top, region.heightPx, heightPx, options);
  const grid = findGrid(x.length, y.length, options);
  if (grid === undefined) throw expected("tile_px", `more than twice the halo of ${haloPx} px`, tilePx);
  return {
    columns: divide(x, grid.columns, grid.width, sizeMultiple),
    rows: divide(y, grid.rows, grid.height, sizeMultiple),
    tileWidthPx: grid.width * sizeMultiple,
    tileHeightPx: grid.height * sizeMultiple,
    count: grid.columns * grid.rows,
  };
}

/** One axis of the region. */
type Axis = {
  readonly fromPx: number;
  readonly toPx: number;
  /** Range that its inputs cover, in units of `sizeMultiple`, so that each input has the same phase as the untiled picture. */
  readonly first: number;
  readonly length: number;
};

function toAxis(fromPx: number, lengthPx: number, sizePx: number, { haloPx, sizeMultiple }: TileRules): Axis {
  if (!Number.isSafeInteger(sizePx) || sizePx < 1) throw expected("size_px", "a positive integer", sizePx);
  const toPx = fromPx + lengthPx;
  const first = Math.max(0, Math.floor((fromPx - haloPx) / sizeMultiple));
  return { fromPx, toPx, first, length: Math.ceil(Math.min(sizePx, toPx + haloPx) / sizeMultiple) - first };
}

/** Returns the `count` inputs of one axis, each `size` units long, and their cores. */
function divide({ fromPx, toPx, first, length }: Axis, count: number, size: number, unitPx: number): readonly Span[] {
  const startOf = (at: number) => first + (count === 1 ? 0 : Math.floor((at * (length - size)) / (count - 1)));
  const cutBefore = (at: number) => Math.floor((startOf(at) + startOf(at - 1) + size) / 2) * unitPx;
  return Array.from({ length: count }, (_, at) => {
    const coreStart = at === 0 ? fromPx : cutBefore(at);
    const coreEnd = at === count - 1 ? toPx : cutBefore(at + 1);
    return { inputStart: startOf(at) * unitPx, inputSize: size * unitPx, coreStart, coreSize: coreEnd - coreStart };
  });
}
