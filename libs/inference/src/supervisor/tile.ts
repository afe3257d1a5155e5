/** Pixels for a model: rows top-down, interleaved, 8 bit; grey or RGB. */
export type Tile = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
};

/** The model's output for a tile: `scale` times its sides, as many channels. */
export type TileResult = Tile & {
  /** Of the session alone, without conversion and transport. */
  readonly runMs: number;
};

/** The values of a matte as the model returned them, not stretched. */
export type MatteResult = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly data: Float32Array;
  /** Of the session alone, without conversion and transport. */
  readonly runMs: number;
};

/** Options of every run. */
export type RunOptions = {
  /** The slot this run belongs to. If set, the host refuses the run with GRANT_EXPIRED unless the slot's grant is valid. */
  readonly slotId?: string;
  readonly signal?: AbortSignal;
  /** Memory for the result, used if it has exactly the result's size. Must not be touched before the run has ended. */
  readonly into?: Uint8Array | undefined;
  /** Whether a failed run is retried once on a fresh process. Default true. */
  readonly retry?: boolean;
};
