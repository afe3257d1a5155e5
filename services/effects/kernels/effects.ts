// All kernels of the effects service, in one module. `EffectKernels` in src/kernels/effect-kernels.ts describes each function.
export { bytesToFloats, floatsToBytes, greyToRgb } from "./_convert";
export { mixBytes, mixFloats, mixCurvedFloats, samplesOfBytes, samplesOfFloats } from "./_mix";
export { curve, steps, line, grain, toFloatPlane, toBytePlane } from "./_tone";
export { interleaveBytes, interleaveFloats, paintIndices, paintSamples, moveAlpha, visibleOf, darken } from "./_write";
export { noise, mixNoise } from "./_noise";
export { diffuse } from "./_diffuse";
export { order } from "./_order";
export { addCells, takeCells, spread } from "./_cells";
export { paletteCells, lookUp } from "./_palette";
export { saturate, print, inkRow, inkPlanes } from "./_print";
export { blurAcross, addToTotals, blurDown, weigh, unweigh, gradient } from "./_outline";
export { transpose } from "./_turn";
