// Rows of bytes that are mapped without floats in memory. `ByteKernels` in src/kernels/byte-kernels.ts describes each function.
export { pairTable, mapPairs, complement, shiftBytes } from "./_bytes";
export { sumPixels, splitSums } from "./_sums";
