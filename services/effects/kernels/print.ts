// Printing with few colours: palettes by pattern and by error diffusion, and halftone screens. `PrintKernels` in src/kernels/print-kernels.ts describes
// each function.
export { matchCells } from "./_candidates";
export { diffuseColors } from "./_vector";
export { screenDots, inkDots, inkTones, separateInks, overprint } from "./_screen";
export { countColors } from "./_histogram";
