import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, integer, number } from "../catalogue/parameters.ts";
import { hashOfRow, seedOf } from "../glitch/grains.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import { rowBytes } from "../rows/rows.ts";

/**
 * Bands of rows displaced sideways by whole pixels, as in a disturbed video signal. Bands begin at random places around multiples of their mean
 * height, so that a shrunk picture has the same ones. A sample from an invisible pixel is not used: the pixel keeps its own.
 */
export const shake = defineEffect({
  name: "shake",
  group: "glitch",
  title: "Shake",
  description: "Bands of rows displaced sideways at random, as in a disturbed video signal.",
  revision: 2,
  defaultRank: 3,
  parameters: {
    amount: number({
      description: "Largest displacement to either side, in whole pixels.",
      minimum: 0,
      maximum: 256,
      byDefault: 24,
      unit: "px",
    }),
    block: number({ description: "Mean height of a band.", minimum: 1, maximum: 256, byDefault: 16, unit: "px" }),
    density: number({
      description: "Share of the bands that move.",
      minimum: 0,
      maximum: 100,
      byDefault: 60,
      unit: "%",
    }),
    channels: number({
      description: "How much red, green and blue move apart.",
      minimum: 0,
      maximum: 100,
      byDefault: 20,
      unit: "%",
    }),
    edge: choice({
      description: "Repeats the pixel at the edge, or wraps the row around.",
      choices: ["repeat", "wrap"],
      byDefault: "repeat",
    }),
    seed: integer({
      description: "Another number gives other bands.",
      minimum: 0,
      maximum: 2_147_483_647,
      byDefault: 0,
    }),
  },
  createStage(settings, context, target) {
    const { space, shape } = context;
    const { widthPx, channels } = shape;
    const { shiftChannel } = space.use(glitchKernels);
    const bytes = rowBytes(shape, "floats");
    const isWrapped = settings.edge === "wrap";
    const offsetsOf = createOffsets({ ...settings, apart: settings.channels / 100 });
    return mapRows(
      context,
      onFloats(context, (row, to, y) => {
        const offsets = offsetsOf(y);
        if (offsets.every((offset) => offset === 0)) space.bytes(to, bytes).set(space.bytes(row, bytes));
        else
          offsets.forEach((offset, channel) => {
            shiftChannel(row, row, channels, channel, widthPx, offset, isWrapped, to);
          });
      }),
      target,
    );
  },
});

type Bands = {
  readonly amount: number;
  readonly block: number;
  readonly density: number;
  readonly apart: number;
  readonly seed: number;
};

const still: readonly number[] = [0, 0, 0];

/** Returns the function that gives the whole pixels by which red, green and blue of a row move to the right. */
function createOffsets({ amount, block, density, apart, seed }: Bands): (y: number) => readonly number[] {
  const [startSeed, moveSeed, ...waySeeds] = Array.from({ length: 6 }, (_, i) => seedOf(seed, i)) as [
    number,
    number,
    ...number[],
  ];
  const share = (from: number, band: number) => hashOfRow(from, band) / 2 ** 32;
  const startOf = (band: number) => (band + share(startSeed, band) - 0.5) * block;
  const offsetsOfBand = (band: number): readonly number[] => {
    if (share(moveSeed, band) >= density / 100) return still;
    const [common, ...own] = waySeeds.map((from) => 2 * share(from, band) - 1) as [number, ...number[]];
    return own.map((way) => Math.round(amount * (common + (way - common) * apart)));
  };
  let band: number | undefined;
  let offsets = still;
  return (y) => {
    const middle = y + 0.5;
    // A band begins at most half a block from its place, so this one has begun and the next but one has not.
    const first = Math.floor(middle / block - 0.5);
    const found = startOf(first + 1) <= middle ? first + 1 : first;
    if (found !== band) offsets = offsetsOfBand(found);
    band = found;
    return offsets;
  };
}
