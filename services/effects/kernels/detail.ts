// Blurs in linear light by rows, changes of OKLab lightness, a bilateral filter, and a pencil drawing. `DetailKernels` in
// src/kernels/detail-kernels.ts describes each function. Rows of `channels` floats or integers for each pixel lie without gaps.
export { toLinearRow, toEncodedRow, padRow, toFloats, boxAcross, boxDown, tapsAcross, tapsDown, sumAcross, chordsDown, toMeanValues, fromMeanValues } from "./_blur";
export { toCones, changeLightness } from "./_lightness";
export { toLabPlanes, bilateral } from "./_bilateral";
export { toGreys, setMeans, redValues, setShades, greenPlane, drawPencil } from "./_pencil";
