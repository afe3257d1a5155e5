// Kernels of the effects of the group "composition". `CompositionKernels` in src/kernels/composition-kernels.ts describes each function.
export { addAlpha, layOn } from "./_canvas";
export { firstVisible, lastVisible } from "./_extent";
export { layMark, sampleMark } from "./_mark";
export { alphaPlane, layOverShadow } from "./_shadow";
export { gapPlane, growRow, layStroke } from "./_stroke";
export { markVisible, flatRow } from "./_contact";
