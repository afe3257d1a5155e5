// Tone effects: curves, matrices, lightness, steps and local means. `ToneKernels` in src/kernels/tone-kernels.ts describes each function.
// Where a vector is a pixel, it has red, green, blue and one value that is never used: alpha, or the next pixel's red.
export { curves, matrix, vibrance, mix, curvePlane, posterize, posterizePlane } from "./_curves";
export { luminance, luminanceOfBytes, toLight, relight, lightness, invertLightness } from "./_light";
export { paint, vignette, threshold, thresholdBytes, enhance } from "./_shade";
