/** The layout of a tensor in memory: sample `c` of pixel `i` is at `c * channelStride + i * pixelStride`. */
export type Strides = { readonly channelStride: number; readonly pixelStride: number };

/** Returns the strides of a tensor of one picture. */
export function toStrides(layout: "nchw" | "nhwc", pixels: number, channels: number): Strides {
  return layout === "nchw" ? { channelStride: pixels, pixelStride: 1 } : { channelStride: 1, pixelStride: channels };
}

/** Returns the dimensions of a tensor of one picture. */
export function toDims(layout: "nchw" | "nhwc", widthPx: number, heightPx: number, channels: number): number[] {
  return layout === "nchw" ? [1, channels, heightPx, widthPx] : [1, heightPx, widthPx, channels];
}
