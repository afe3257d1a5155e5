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
} as const satisfies Record<string, readonly Tap[]>;
