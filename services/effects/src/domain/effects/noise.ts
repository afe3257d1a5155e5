import { glitchKernels } from "../../kernels/glitch-kernels.ts";
import { defineEffect } from "../catalogue/define-effect.ts";
import { choice, flag, integer, number } from "../catalogue/parameters.ts";
import { createGrains, type FillPlane, hashOfRow, seedOf } from "../glitch/grains.ts";
import { normalTable } from "../glitch/normal.ts";
import { mapRows } from "../rows/map-rows.ts";
import { onFloats } from "../rows/on-floats.ts";
import { type Row, type RowPainter, rowBytes, type StageContext } from "../rows/rows.ts";

/**
 * Random errors of a sensor, a film or a line, on sRGB-encoded values. Gaussian: a normal distribution around each sample. Film grain: the same, times
 * 0.25 + 3 v (1 - v), our choice, with the BT.601 luma as v if it is the same for all channels. Salt and pepper: an even share of black and white.
 * Scan lines: every second band is darkened, by the full amount or down to half of it.
 */
export const noise = defineEffect({
  name: "noise",
  group: "glitch",
  title: "Noise",
  description: "Grain, stray black and white pixels, or dark scan lines, added to the sRGB-encoded values.",
  revision: 2,
  defaultRank: 1,
  parameters: {
    kind: choice({
      description: "gaussian as of a sensor, salt_and_pepper, film_grain (strongest in mid-tones), or scan_lines.",
      choices: ["gaussian", "salt_and_pepper", "film_grain", "scan_lines"],
      byDefault: "gaussian",
    }),
    amount: number({
      description:
        "gaussian, film_grain: standard deviation as a share of half the range of values; salt_and_pepper: share of the pixels; scan_lines: greatest darkening.",
      minimum: 0,
      maximum: 100,
      byDefault: 20,
      unit: "%",
    }),
    size: number({
      description: "Side of a grain; height of a scan line.",
      minimum: 1,
      maximum: 32,
      byDefault: 1,
      unit: "px",
    }),
    monochrome: flag({ description: "The same noise in red, green and blue.", byDefault: false }),
    seed: integer({
      description: "Another number gives another noise.",
      minimum: 0,
      maximum: 2_147_483_647,
      byDefault: 0,
    }),
  },
  createStage({ kind, amount, size, monochrome, seed }, context, target) {
    const share = amount / 100;
    const form: NoiseForm = {
      seeds: [0, 1, 2].map((c) => seedOf(seed, monochrome ? 0 : c)),
      sizePx: Math.max(1, size),
    };
    const paint =
      kind === "scan_lines"
        ? createScanLines(context, share, form)
        : onFloats(context, createGrainPainter(context, kind, share, form));
    return mapRows(context, paint, target);
  },
});

/** Seeds for red, green and blue, and the size of grains. */
type NoiseForm = { readonly seeds: readonly number[]; readonly sizePx: number };

type GrainKind = "gaussian" | "salt_and_pepper" | "film_grain";

function createGrainPainter(context: StageContext, kind: GrainKind, share: number, form: NoiseForm): RowPainter {
  const { space, shape } = context;
  const { widthPx, channels } = shape;
  const { addNoise, grainByLuma } = space.use(glitchKernels);
  const fill = createFill(context, kind, share);
  const { seeds, sizePx } = form;
  const grains = seeds.map((seed, c) =>
    seeds.indexOf(seed) === c
      ? createGrains(context, { seed, sizePx, isSoft: kind !== "salt_and_pepper" }, fill)
      : undefined,
  );
  const isShared = seeds[0] === seeds[1];
  const isGrain = kind === "film_grain";
  return (row: Row, to: Row, y: number) => {
    const [red = 0, green = red, blue = red] = grains.map((grain) => grain?.(y));
    if (isGrain && isShared) grainByLuma(row, channels, widthPx, red);
    addNoise(row, red, green, blue, channels, widthPx, isGrain && !isShared, to);
  };
}

function createFill({ space }: StageContext, kind: GrainKind, share: number): FillPlane {
  const { drawn, specks } = space.use(glitchKernels);
  if (kind === "salt_and_pepper") {
    const bound = Math.round(share * 2 ** 31);
    return (seed, count, to) => specks(seed, count, bound, to);
  }
  const table = space.constant(normalTable(share / 2));
  return (seed, count, to) => drawn(seed, count, table, to);
}

function createScanLines(context: StageContext, share: number, { seeds, sizePx }: NoiseForm): RowPainter {
  const { space, shape, from, to } = context;
  const { widthPx, channels } = shape;
  const { scaleColors } = space.use(glitchKernels);
  const bandOf = (y: number) => Math.floor((y + 0.5) / sizePx);
  const darken = onFloats(context, (row, out, y) => {
    const band = bandOf(y);
    const [red, green, blue] = seeds.map((seed) =>
      band % 2 === 0 ? 1 : 1 - share * (0.5 + hashOfRow(seed, band) / 2 ** 33),
    ) as [number, number, number];
    scaleColors(row, red, green, blue, channels, widthPx, out);
  });
  if (from !== "bytes" || to !== "bytes") return darken;
  const bytes = rowBytes(shape, "bytes");
  // Bytes times 1 are the same bytes.
  const copy = (row: Row, out: Row) => space.bytes(out, bytes).set(space.bytes(row, bytes));
  return (row, out, y) => (bandOf(y) % 2 === 0 ? copy(row, out) : darken(row, out, y));
}
