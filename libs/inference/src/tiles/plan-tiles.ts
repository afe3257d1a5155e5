import { expected } from "@pixelmesh/errors";

/** One row or column of the tile grid, in input pixels. */
export type Span = {
  /** Where the model's input begins. */
  readonly inputStart: number;
  /** Length of the model's input. It passes the picture's end by less than `sizeMultiple`; those pixels repeat the last. */
  readonly inputSize: number;
  /** Where the part that is kept begins. */
  readonly coreStart: number;
  readonly coreSize: number;
};

/** A grid of tiles over a picture: every input is `tileWidthPx` by `tileHeightPx`, the cores cover each pixel once. */
export type TilePlan = {
  readonly columns: readonly Span[];
  readonly rows: readonly Span[];
  readonly tileWidthPx: number;
  readonly tileHeightPx: number;
  readonly count: number;
};

/** What a plan is made from, in input pixels. */
export type TilePlanOptions = {
  readonly widthPx: number;
  readonly heightPx: number;
  /** Largest side of an input, halo included. */
  readonly maxTilePx: number;
  /** Context on each side of a core that is not a border of the picture. */
  readonly haloPx: number;
  /** Inputs begin at and measure multiples of this. */
  readonly sizeMultiple: number;
};

/**
 * The fewest equal tiles that cover the picture. All inputs have the same size, so that a runtime sees one shape; they
 * are spread evenly, overlap by at least two halos, and never leave the picture except to fill up the last multiple.
 * Neighbouring cores meet in the middle of the overlap. A picture that fits one tile is one tile.
 * Throws INVALID_ARGUMENT where the largest tile has no room beside its halos.
 */
export function planTiles(options: TilePlanOptions): TilePlan {
  const columns = planAxis(options.widthPx, options);
  const rows = planAxis(options.heightPx, options);
  return {
    columns,
    rows,
    tileWidthPx: columns[0]?.inputSize ?? 0,
    tileHeightPx: rows[0]?.inputSize ?? 0,
    count: columns.length * rows.length,
  };
}

/** One axis, counted in units of `sizeMultiple`, so that every input has the same phase as the untiled picture. */
function planAxis(sizePx: number, options: TilePlanOptions): readonly Span[] {
  const unitPx = options.sizeMultiple;
  if (!Number.isSafeInteger(sizePx) || sizePx < 1) throw expected("size_px", "a positive integer", sizePx);
  const length = Math.ceil(sizePx / unitPx);
  const longest = Math.floor(options.maxTilePx / unitPx);
  const halo = Math.ceil(options.haloPx / unitPx);
  if (length <= longest) return [{ inputStart: 0, inputSize: length * unitPx, coreStart: 0, coreSize: sizePx }];
  if (longest <= 2 * halo) {
    throw expected("tile_px", `more than twice the halo of ${options.haloPx} px`, options.maxTilePx);
  }

  const count = Math.ceil((length - 2 * halo) / (longest - 2 * halo));
  const size = Math.ceil((length + 2 * halo * (count - 1)) / count);
  const starts = Array.from({ length: count }, (_, index) => Math.floor((index * (length - size)) / (count - 1)));
  const cuts = starts.slice(1).map((start, index) => Math.floor((start + (starts[index] ?? 0) + size) / 2));
  return starts.map((start, index) => {
    const coreStart = (cuts[index - 1] ?? 0) * unitPx;
    const coreEnd = Math.min((cuts[index] ?? length) * unitPx, sizePx);
    return { inputStart: start * unitPx, inputSize: size * unitPx, coreStart, coreSize: coreEnd - coreStart };
  });
}
