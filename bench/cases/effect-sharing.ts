import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import {
  createFrameSource,
  createFrameStore,
  decodePicture,
  defaultLimits,
  type Frame,
  memoryFrameStore,
} from "@pixelmesh/imaging";
import { effectDescriptions, parseEffects } from "../../services/effects/src/domain/catalogue/catalogue.ts";
import type { ParsedEffect } from "../../services/effects/src/domain/catalogue/define-effect.ts";
import { applyBeginning } from "../../services/effects/src/domain/chain.ts";
import { openFloatPicture } from "../../services/effects/src/domain/picture/float-picture.ts";
import { type PictureRows, toPictureRows } from "../../services/effects/src/domain/picture/picture-rows.ts";
import { runSegment } from "../../services/effects/src/domain/picture/run-segment.ts";
import type { RowFormat } from "../../services/effects/src/domain/rows/rows.ts";
import { effectCosts, fileCosts } from "../../services/effects/src/domain/sharing-cost.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 5);
const size = { widthPx: 3_840, heightPx: 2_160 };
const megapixels = (size.widthPx * size.heightPx) / 1e6;
/** The costs in the table are of one machine; only their ratios matter to the rule. Below 1 ms a megapixel they do not matter at all. */
const boundOf = (known: number) => 2 * Math.max(1, known);

/**
 * Measures what the rule of shared beginnings (docs/adr/0096) weighs, on a 4K picture: the processor time of every effect at its defaults inside a chain,
 * and that of writing, reading and removing a file of floats between two parts of a chain. All against a chain without effects.
 */
export async function effectSharingCase(): Promise<boolean> {
  const { frame } = await decodePicture(await toScene(size), defaultLimits);
  const figures: Figure[] = [];
  const add = (name: string, ms: readonly number[], known: number) => {
    const perMegapixel = spread(
      ms.map((value) => value / megapixels),
      2,
    );
    const details = { rounds, load: loadavg()[0], perMegapixel, known };
    figures.push({ name, value: perMegapixel.median, unit: "ms/MP", bound: boundOf(known), details });
  };
  const { write, read } = await measureBoundary(frame);
  add("a file of floats: write and remove", write, fileCosts.write);
  add("a file of floats: read instead of the picture", read, fileCosts.read);
  for (const { name } of effectDescriptions())
    add(`${name} in a chain`, await measureEffect(frame, name), effectCosts[name] ?? 0);
  return report("effect-sharing", figures);
}

async function measureEffect(frame: Frame, name: string): Promise<number[]> {
  const picture = toPictureRows(createFrameSource(frame));
  const chain = parseEffects([{ name, parameters: {} }]);
  const [alone, with_] = await alternate([() => pass(picture, [], "floats"), () => pass(picture, chain, "floats")]);
  return differences(with_, alone);
}

async function measureBoundary(frame: Frame) {
  const dir = await mkdtemp(join(tmpdir(), "sharing-"));
  const picture = toPictureRows(createFrameSource(frame));
  const whole = createFrameStore(async () => dir, 0);
  const kept = await applyBeginning(frame, [], whole);
  const writeOnce = async () => {
    const store = createFrameStore(async () => dir, 0);
    await applyBeginning(frame, [], store);
    await store.close();
  };
  const readOnce = async () => {
    const rows = await openFloatPicture(kept);
    await pass(rows, [], "bytes");
    await rows.close();
  };
  try {
    const [toFloats, written, toBytes, read] = await alternate([
      () => pass(picture, [], "floats"),
      writeOnce,
      () => pass(picture, [], "bytes"),
      readOnce,
    ]);
    return { write: differences(written, toFloats), read: differences(read, toBytes) };
  } finally {
    await rm(dir, { recursive: true });
  }
}

/** Passes the rows of a picture through effects, and drops the result. */
function pass(picture: PictureRows, effects: readonly ParsedEffect[], to: RowFormat): Promise<void> {
  const open = async () => ({ writeRows: async () => {} });
  const options = {
    signal: undefined,
    onProgress() {},
    frameStore: memoryFrameStore,
    pictures: [],
    stripRows: undefined,
  };
  return runSegment(picture, effects, { to, open }, options);
}

type Work = () => Promise<void>;

/** Runs all in rounds, and returns the processor times of the process of each, in ms. */
async function alternate<const W extends readonly Work[]>(works: W): Promise<{ [K in keyof W]: number[] }> {
  const times = works.map((): number[] => []);
  // The compilers of V8 need some calls.
  for (let round = -3; round < rounds; round++) {
    for (const [at, work] of works.entries()) {
      const before = cpuMs();
      await work();
      if (round >= 0) times[at]?.push(cpuMs() - before);
    }
  }
  return times as { [K in keyof W]: number[] };
}

function differences(ones: readonly number[], others: readonly number[]): number[] {
  return ones.map((ms, at) => Math.max(0, ms - (others[at] as number)));
}

/** Threads of the process that read and write files count, too. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}
