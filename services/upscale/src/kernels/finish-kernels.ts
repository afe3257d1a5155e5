/**
 * Loops that sharpen an enlargement and change its contrast (kernels/_finish.ts). Addresses are in bytes. Luminance is in thousandths of a level, as
 * 32-bit integers. A kernel may read and write `slackBytes` behind a row.
 */
export type FinishKernels = {
  /**
   * Writes the luminance (ITU-R BT.601) of a row of bytes, grey or RGB, and its sums with both neighbours, itself twice. Borders are repeated.
   * `luma` has space for 4 bytes before it.
   */
  readonly smoothRow: (...row: [pixels: number, width: number, channels: number, luma: number, smooth: number]) => void;
  /**
   * Writes a finished row of bytes. Each sample gets `sharpen` times the difference of luminance to its blur, then its distance to mid-grey is
   * multiplied by `gain`. `above`, `smooth` and `below` are the sums of three rows.
   */
  readonly finishRow: (
    ...row: [
      ...[pixels: number, width: number, channels: number, luma: number],
      ...[above: number, smooth: number, below: number, sharpen: number, gain: number, to: number],
    ]
  ) => void;
};
