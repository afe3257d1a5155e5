/** A neighbour that gets a share of a pixel's error: columns right, rows down, share. */
export type Tap = readonly [right: number, down: number, share: number];

/** Patterns that spread the error of a pixel over its neighbours. */
export const diffusions = {
  /** R. W. Floyd and L. Steinberg, "An adaptive algorithm for spatial grey scale" (1976). */
  floyd_steinberg: [
    [1, 0, 7 / 16],
    [-1, 1, 3 / 16],
    [0, 1, 5 / 16],
    [1, 1, 1 / 16],
  ],
  /** B. Atkinson, for the Apple Macintosh (1984): passes on only six eighths, which gives clear whites and blacks. */
  atkinson: [
    [1, 0, 1 / 8],
    [2, 0, 1 / 8],
    [-1, 1, 1 / 8],
    [0, 1, 1 / 8],
    [1, 1, 1 / 8],
    [0, 2, 1 / 8],
  ],
  /** J. F. Jarvis, C. N. Judice and W. H. Ninke, "A survey of techniques for the display of continuous tone pictures" (1976). */
  jarvis: [
    [1, 0, 7 / 48],
    [2, 0, 5 / 48],
    [-2, 1, 3 / 48],
    [-1, 1, 5 / 48],
    [0, 1, 7 / 48],
    [1, 1, 5 / 48],
    [2, 1, 3 / 48],
    [-2, 2, 1 / 48],
    [-1, 2, 3 / 48],
    [0, 2, 5 / 48],
    [1, 2, 3 / 48],
    [2, 2, 1 / 48],
  ],
  /** P. Stucki, "MECCA: a multiple-error correction computation algorithm for bi-level image hardcopy reproduction" (IBM RZ1060, 1981). */
  stucki: [
    [1, 0, 8 / 42],
    [2, 0, 4 / 42],
    [-2, 1, 2 / 42],
    [-1, 1, 4 / 42],
    [0, 1, 8 / 42],
    [1, 1, 4 / 42],
    [2, 1, 2 / 42],
    [-2, 2, 1 / 42],
    [-1, 2, 2 / 42],
    [0, 2, 4 / 42],
    [1, 2, 2 / 42],
    [2, 2, 1 / 42],
  ],
  /** D. Burkes, "Presentation of the Burkes error filter", unpublished, CompuServe (1988): Stucki's without the last row. */
  burkes: [
    [1, 0, 8 / 32],
    [2, 0, 4 / 32],
    [-2, 1, 2 / 32],
    [-1, 1, 4 / 32],
    [0, 1, 8 / 32],
    [1, 1, 4 / 32],
    [2, 1, 2 / 32],
  ],
  /** F. Sierra, CompuServe (1989), as listed in L. Crocker's DITHER.TXT (1991). */
  sierra: [
    [1, 0, 5 / 32],
    [2, 0, 3 / 32],
    [-2, 1, 2 / 32],
    [-1, 1, 4 / 32],
    [0, 1, 5 / 32],
    [1, 1, 4 / 32],
    [2, 1, 2 / 32],
    [-1, 2, 2 / 32],
    [0, 2, 3 / 32],
    [1, 2, 2 / 32],
  ],
  /** F. Sierra's filter of two rows (1990), from the same list. */
  sierra_two_row: [
    [1, 0, 4 / 16],
    [2, 0, 3 / 16],
    [-2, 1, 1 / 16],
    [-1, 1, 2 / 16],
    [0, 1, 3 / 16],
    [1, 1, 2 / 16],
    [2, 1, 1 / 16],
  ],
  /** F. Sierra's "Filter Lite" (1990), from the same list. */
  sierra_lite: [
    [1, 0, 2 / 4],
    [-1, 1, 1 / 4],
    [0, 1, 1 / 4],
  ],
} as const satisfies Record<string, readonly Tap[]>;
