// All kernels of an upscale, in one module. The types in src/kernels describe each function.
export { addRows, averageSums, addShare, averageShares } from "./_cells";
export { difference, hide, box, sumRows, sumRanges, spread, weighGains, moveMeans, add } from "./_source";
export { lowPass, correct, divide, mix } from "./_grid";
export { merge, widen, change } from "./_change";
export { smoothRow, finishRow } from "./_finish";
export { markRow, findEdge, setStates, fillLayer } from "./_bleed";
export { dropLast, joinLast } from "./_alpha";
