/**
 * Loops that extend colours under transparency (kernels/_bleed.ts). Addresses are in bytes. A plane of states has one byte for each pixel: 0 without a
 * colour, 1 with one, 2 waiting for one; any other value around the picture. A list has 4 bytes for each pixel: the distance of its state from
 * `origin`. A kernel may read and write `slackBytes` behind a row.
 */
export type BleedKernels = {
  /** Writes the states of a row of pixels: 1 where its last channel, alpha, is not 0. Returns how many are 0. */
  readonly markRow: (pixels: number, width: number, channels: number, states: number) => number;
  /** Appends the pixels of a row of states that are 0 beside some that are 1. Returns the list's end. */
  readonly findEdge: (origin: number, row: number, width: number, stride: number, list: number) => number;
  /** Sets the states of the pixels of a list. */
  readonly setStates: (origin: number, list: number, end: number, state: number) => void;
  /**
   * Gives the pixels of a list the mean colour of their neighbours that have one, rounded. Then appends those beside them without a colour, which
   * wait. A row of the picture is `width` pixels, and a row of states `stride` bytes. Returns the list's new end.
   */
  readonly fillLayer: (
    ...layer: [
      ...[pixels: number, width: number, channels: number],
      ...[origin: number, stride: number, list: number, end: number],
    ]
  ) => number;
};
