/** Loops over pixels of 2 or 4 channels, whose last one is alpha (kernels/_alpha.ts). A kernel may read and write `slackBytes` behind them. */
export type AlphaKernels = {
  /** Copies `count` pixels of 2 or 4 channels without the last one. `to` may be `pixels`. */
  readonly dropLast: (pixels: number, count: number, channels: number, to: number) => void;
  /** Joins `count` pixels of 1 or 3 channels with an alpha, a byte each, to pixels of 2 or 4 `channels`. */
  readonly joinLast: (colors: number, alpha: number, count: number, channels: number, to: number) => void;
};
