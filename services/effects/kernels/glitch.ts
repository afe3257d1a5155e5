// Kernels of the effects of the group "glitch". `GlitchKernels` in src/kernels/glitch-kernels.ts describes each function.
export { drawn, specks, mixPlanes, mixPoints, addNoise, grainByLuma, scaleColors } from "./_grain";
export { shiftChannel, splitPlanes, splitChannel } from "./_displace";
export { padLight, sumTaps, encodeSums } from "./_line";
export { lightTile, addTap, packLight, unpackLight, encodeTile } from "./_path";
export { sortRuns } from "./_sort";
