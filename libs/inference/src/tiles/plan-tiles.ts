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

/** What a plan is made from, in input pixels. */
export type TilePlanOptions = {
  /** Sides of the picture. */
  readonly widthPx: number;
  readonly heightPx: number;
  /** The part to cover; tiles take their context from all of the picture. Default: the whole. */
  readonly region?: Region;
  /** Largest side of an input, halo included. */
  readonly maxTilePx: number;
  /** Context on each side of a core that is not a border of the picture. */
  readonly haloPx: number;
  /** Inputs begin at and measure multiples of this. */
  readonly sizeMultiple: number;
};

/**
 * The fewest equal tiles that cover the region. All inputs have the same size, so that a runtime sees one shape; they
 * are spread evenly, overlap by at least two halos, and never leave the picture except to fill up the last multiple.
 * Neighbouring cores meet in the middle of the overlap. What fits one tile is one tile.
 * Throws INVALID_ARGUMENT where the largest tile has no room beside its halos.
 */
export function planTiles(options: TilePlanOptions): TilePlan {
  const { widthPx, heightPx } = options;
  const { left, top, ...size } = options.region ?? { left: 0, top: 0, widthPx, heightPx };
  const columns = planAxis(left, left + size.widthPx, widthPx, options);
  const rows = planAxis(top, top + size.heightPx, heightPx, options);
  return {
    columns,
    rows,
    tileWidthPx: columns[0]?.inputSize ?? 0,
    tileHeightPx: rows[0]?.inputSize ?? 0,
    count: columns.length * rows.length,
  };
}

/**
 * One axis: cores from `fromPx` to `toPx` of `sizePx`. Inputs are counted in units of `sizeMultiple`, so that each has
 * the same phase as the untiled picture.
 */
function planAxis(fromPx: number, toPx: number, sizePx: number, options: TilePlanOptions): readonly Span[] {
  const { haloPx, sizeMultiple: unitPx } = options;
  if (!Number.isSafeInteger(sizePx) || sizePx < 1) throw expected("size_px", "a positive integer", sizePx);
  // Everything that the cores can see.
  const first = Math.max(0, Math.floor((fromPx - haloPx) / unitPx));
  const length = Math.ceil(Math.min(sizePx, toPx + haloPx) / unitPx) - first;
  const longest = Math.floor(options.maxTilePx / unitPx);
  const halo = Math.ceil(haloPx / unitPx);
  if (length <= longest) {
    return [{ inputStart: first * unitPx, inputSize: length * unitPx, coreStart: fromPx, coreSize: toPx - fromPx }];
  }
  if (longest <= 2 * halo) throw expected("tile_px", `more than twice the halo of ${haloPx} px`, options.maxTilePx);

  const count = Math.ceil((length - 2 * halo) / (longest - 2 * halo));
  const size = Math.ceil((length + 2 * halo * (count - 1)) / count);
  const starts = Array.from({ length: count }, (_, at) => first + Math.floor((at * (length - size)) / (count - 1)));
  const cuts = starts.slice(1).map((start, at) => Math.floor((start + (starts[at] ?? 0) + size) / 2) * unitPx);
  return starts.map((start, at) => {
    const coreStart = cuts[at - 1] ?? fromPx;
    const coreEnd = cuts[at] ?? toPx;
    return { inputStart: start * unitPx, inputSize: size * unitPx, coreStart, coreSize: coreEnd - coreStart };
  });
}
