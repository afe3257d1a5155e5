// All kernels of local means, in one module. `MeansKernels` in src/kernels/means-kernels.ts describes each function.
export { addRows, averageSums, addShare, averageShares } from "./_cells";
export { difference, hide, box, sumRows, sumRanges, spread, weighGains, moveMeans, add } from "./_source";
export { lowPass, correct, divide, mix } from "./_grid";
export { merge, widen, change } from "./_change";
