import { loadavg } from "node:os";
import { createFrameSource, decodePicture, defaultLimits, type Frame, type RowSink } from "@pixelmesh/imaging";
import type { Value } from "@pixelmesh/proto";
import { parseEffects } from "../../services/effects/src/domain/catalogue/catalogue.ts";
import type { ParsedEffect } from "../../services/effects/src/domain/catalogue/define-effect.ts";
import { runChain } from "../../services/effects/src/domain/chain.ts";
import { runReference } from "../../services/effects/test/reference/reference.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const size = { widthPx: 3_840, heightPx: 2_160 };
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

/**
 * Measures the pixel work of effects on a 4K picture, without decoding and encoding: processor time of this thread by the kernels and by
 * their reference in TypeScript, in alternating order.
 */
export async function effectKernelsCase(): Promise<boolean> {
  const { frame } = await decodePicture(await toScene(size), defaultLimits);
  const figures: Figure[] = [];
  for (const [name, { effects, bound }] of Object.entries(chains))
    figures.push(await compare(name, frame, parseEffects([...effects]), bound));
  return report("effect-kernels", figures);
}

async function compare(name: string, frame: Frame, chain: readonly ParsedEffect[], bound: number): Promise<Figure> {
  const { widthPx, heightPx } = frame;
  const out = new Uint8Array(widthPx * heightPx * 3);
  const sink: RowSink = {
    widthPx,
    heightPx,
    channels: 3,
    writeRows: async (y, rows) => out.set(rows, y * widthPx * 3),
  };
  const byKernels = () => measure(() => runChain(createFrameSource(frame), sink, chain));
  const byReference = () => measure(() => runReference(createFrameSource(frame), sink, chain));
  // The compilers of V8 need some calls.
  for (let warm = 0; warm < 3; warm++) await byKernels();
  await byReference();
  const times = { kernels: [] as number[], reference: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) times.kernels.push(await byKernels());
    times.reference.push(await byReference());
    if (round % 2 === 1) times.kernels.push(await byKernels());
  }
  const ratios = times.kernels.map((ms, at) => ms / (times.reference[at] as number));
  return {
    name: `${name}, ${widthPx}×${heightPx}: kernels / reference`,
    value: Number(median(ratios).toFixed(3)),
    unit: "×",
    bound,
    details: {
      rounds,
      load: loadavg()[0],
      ratio: spread(ratios, 3),
      kernelsMs: spread(times.kernels, 1),
      referenceMs: spread(times.reference, 1),
    },
  };
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
