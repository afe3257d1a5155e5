import { loadavg } from "node:os";
import { createFrameSource, decodePicture, defaultLimits, type Frame, type RowSink } from "@pixelmesh/imaging";
import type { Value } from "@pixelmesh/proto";
import { effectDescriptions, parseEffects } from "../../services/effects/src/domain/catalogue/catalogue.ts";
import type { ParsedEffect } from "../../services/effects/src/domain/catalogue/define-effect.ts";
import { runChain } from "../../services/effects/src/domain/chain.ts";
import { runReference } from "../../services/effects/test/reference/reference.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const size = { widthPx: 3_840, heightPx: 2_160 };
/** The effect that others are compared with. */
const plainest = "black_and_white";
const text = (value: string): Value => ({ kind: { $case: "text", value } });

/** Chains by their names in the report. `bound`: the largest ratio of the kernels' time to the reference's. */
const chains = {
  black_and_white: { effects: [{ name: "black_and_white", parameters: {} }], bound: 0.25 },
  pop_art: { effects: [{ name: "pop_art", parameters: {} }], bound: 0.3 },
  retro_8bit: { effects: [{ name: "retro_8bit", parameters: {} }], bound: 0.25 },
  dither: { effects: [{ name: "dither", parameters: {} }], bound: 0.25 },
  "dither, jarvis": { effects: [{ name: "dither", parameters: { method: text("jarvis") } }], bound: 0.25 },
  "dither, color": { effects: [{ name: "dither", parameters: { mode: text("color") } }], bound: 0.25 },
  "black_and_white, dither": {
    effects: [
      { name: "black_and_white", parameters: {} },
      { name: "dither", parameters: {} },
    ],
    bound: 0.3,
  },
} as const;

/** The most that an effect at its defaults may take, in times of black and white: `usual`, or its own where windows are large. */
const usual = 8;
const own: Readonly<Record<string, number>> = {
  blur: 9,
  motion: 10,
  edge_sketch: 12,
  sharpen: 14,
  clarity: 15,
  denoise: 25,
};

/**
 * Measures the pixel work of effects on a 4K picture, without decoding and encoding: processor time of this thread by the kernels and by
 * their reference in TypeScript, in alternating order; and of every effect of the catalogue at its defaults, against black and white.
 */
export async function effectKernelsCase(): Promise<boolean> {
  const { frame } = await decodePicture(await toScene(size), defaultLimits);
  const figures: Figure[] = [];
  for (const [name, { effects, bound }] of Object.entries(chains))
    figures.push(await compare(name, frame, parseEffects([...effects]), bound));
  for (const { name } of effectDescriptions())
    if (name !== plainest) figures.push(await compareToPlainest(name, frame));
  return report("effect-kernels", figures);
}

async function compare(name: string, frame: Frame, chain: readonly ParsedEffect[], bound: number): Promise<Figure> {
  const sink = createSink(frame);
  const byKernels = () => measure(() => runChain(createFrameSource(frame), () => sink, chain));
  const byReference = () => measure(() => runReference(createFrameSource(frame), sink, chain));
  await byReference();
  const { ratio, one, other } = await alternate(byKernels, byReference);
  return {
    name: `${name}, ${frame.widthPx}×${frame.heightPx}: kernels / reference`,
    value: ratio.median,
    unit: "×",
    bound,
    details: { rounds, load: loadavg()[0], ratio, kernelsMs: one, referenceMs: other },
  };
}

async function compareToPlainest(name: string, frame: Frame): Promise<Figure> {
  const sink = createSink(frame);
  const timeOf = (effect: string) => {
    const chain = parseEffects([{ name: effect, parameters: {} }]);
    return () => measure(() => runChain(createFrameSource(frame), () => sink, chain));
  };
  const { ratio, one, other } = await alternate(timeOf(name), timeOf(plainest));
  return {
    name: `${name}, ${frame.widthPx}×${frame.heightPx}: time / ${plainest}`,
    value: ratio.median,
    unit: "×",
    bound: own[name] ?? usual,
    details: { rounds, load: loadavg()[0], ratio, effectMs: one, plainestMs: other },
  };
}

function createSink({ widthPx, heightPx }: Frame): RowSink {
  const out = new Uint8Array(widthPx * heightPx * 3);
  return { widthPx, heightPx, channels: 3, writeRows: async (y, rows) => out.set(rows, y * widthPx * 3) };
}

/** Runs both in alternating order. Returns their times and the ratio, one to the other. */
async function alternate(one: () => Promise<number>, other: () => Promise<number>) {
  // The compilers of V8 need some calls.
  for (let warm = 0; warm < 3; warm++) await one();
  const times = { one: [] as number[], other: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) times.one.push(await one());
    times.other.push(await other());
    if (round % 2 === 1) times.one.push(await one());
  }
  const ratios = times.one.map((ms, at) => ms / (times.other[at] as number));
  return { ratio: spread(ratios, 3), one: spread(times.one, 1), other: spread(times.other, 1) };
}

async function measure(work: () => Promise<void>): Promise<number> {
  const before = threadMs();
  await work();
  return threadMs() - before;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
