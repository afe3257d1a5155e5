import { printKernels } from "../../kernels/print-kernels.ts";
import type { Rgb } from "../color/color.ts";
import { createPaletteTable, diffusionSteps, toValues, wideSteps } from "../color/palette-match.ts";
import { allocatePlane, type Row, type StageContext } from "../rows/rows.ts";
import type { Tap } from "./diffusions.ts";
import type { PalettePattern } from "./palette-pattern.ts";
import { createSampleReader } from "./tones.ts";

// No tap reaches further sideways or down.
const reach = 2;
const pixelBytes = 16;

/**
 * Creates error diffusion to a palette of any colours: each pixel becomes the nearest color to its own and the errors that it was given, and its error is
 * passed on as a vector of red, green and blue, as light with `linearLight`, else encoded. Values with errors are limited to -1 to 2, so that errors of
 * colours far from the palette do not add up. The nearest color is found in 96 steps a channel. Otherwise as `createDiffusion`.
 */
export function createPaletteDiffusion(
  context: StageContext,
  options: {
    colors: readonly Rgb[];
    taps: readonly Tap[];
    strength: number;
    serpentine: boolean;
    linearLight: boolean;
  },
): PalettePattern {
  const { space, shape, from } = context;
  const { widthPx, channels } = shape;
  const { colors, linearLight } = options;
  const { diffuseColors } = space.use(printKernels);
  const { visibleOf } = space.kernels;
  const visible = channels === 4 ? allocatePlane(space, widthPx, 1) : 0;
  const values = allocatePlane(space, 3 * widthPx, 4);
  const indices = allocatePlane(space, widthPx, 1);
  const read = createSampleReader(context, linearLight, values);
  const margin = reach * pixelBytes;
  // Errors for this row and the two below it, as a ring, with margins for errors that leave the picture.
  const owed = Array.from({ length: reach + 1 }, () => space.allocate(widthPx * pixelBytes + 2 * margin) + margin);
  const samples = Float32Array.from(colors.flatMap((color) => [...toValues(color, linearLight), 0]));
  const sums = wideSteps(linearLight);
  const tables = [
    createPaletteTable(space, colors, sums),
    space.constant(samples),
    space.allocate(diffusionSteps ** 3 * 2),
    linearLight ? 1 : 0,
  ];
  const shareOf = (right: number) =>
    options.strength * (options.taps.find((tap) => tap[0] === right && tap[1] === 0)?.[2] ?? 0);
  const below = options.taps.filter(([, down]) => down > 0);
  const createState = (y: number, side: 1 | -1): number => {
    const here = owed[y] as number;
    const state = new DataView(new ArrayBuffer(40 + below.length * 8));
    [...tables, here, below.length].forEach((value, i) => {
      state.setInt32(i * 4, value, true);
    });
    state.setFloat32(24, shareOf(1), true);
    state.setFloat32(28, shareOf(2), true);
    state.setFloat32(32, sums.scale, true);
    below.forEach(([right, down, share], tap) => {
      const row = owed[(y + down) % owed.length] as number;
      state.setInt32(40 + tap * 8, row - here + side * right * pixelBytes, true);
      state.setFloat32(44 + tap * 8, share * options.strength, true);
    });
    return space.constant(new Uint8Array(state.buffer));
  };
  const states = owed.map((_, y) => ({ forwards: createState(y, 1), backwards: createState(y, -1) }));
  return (row: Row, y) => {
    if (visible !== 0) visibleOf(row, from === "floats", widthPx, visible);
    read(row);
    const isBackwards = options.serpentine && y % 2 === 1;
    const { forwards, backwards } = states[y % states.length] as (typeof states)[number];
    diffuseColors(values, visible, indices, widthPx, isBackwards, isBackwards ? backwards : forwards);
    return indices;
  };
}
