import { AppError, type Reason } from "@pixelmesh/errors";
import type { AvailableModel, InferenceHost, ModelEntry } from "@pixelmesh/inference";
import { openProbeHost } from "../probe-host.ts";
import { toCandidate } from "./draft.ts";
import { findHalo } from "./find-halo.ts";
import { measureMemory } from "./measure-memory.ts";
import { noisePicture, resemblanceDb, smoothPicture } from "./probe-pictures.ts";

/** The imported file. */
export type ModelFile = { readonly path: string; readonly digest: string; readonly sizeBytes: number };

/** Options of `probeModel`. */
export type ProbeOptions = {
  readonly file: ModelFile;
  /** Whether the user has named the range of samples. */
  readonly rangeKnown: boolean;
  /** Whether the family of a matte model tells if it returns logits. */
  readonly sigmoidKnown: boolean;
  readonly signal: AbortSignal;
  /** Receives the name of each measurement. */
  readonly onStep: (text: string) => void;
  /** Receives warnings for the user. */
  readonly onNote: (text: string) => void;
};

const scales = [4, 2, 3, 8, 1] as const;
/** Smaller multiples need not be tried, because the probe tile of a host is a multiple of 8. */
const coarseMultiples = [1, 16, 64] as const;
const multiples = [1, 2, 4, 8, 16, 32, 64] as const;
/** Errors of a model that cannot do what is tried. The process may have to be replaced after them. */
const refusals: readonly Reason[] = ["MODEL_INVALID", "INFERENCE_FAILED", "RESULT_INVALID"];
const resemblingDb = 20;
const memoryTilePx = 192;
/** In a convolutional network, the work for each pixel grows with the weights. */
const heavyFileBytes = 12 * 2 ** 20;
const heavyMatteFileBytes = 200 * 2 ** 20;

/** Completes a draft by running the model in a separate process. Rejects with MODEL_INVALID if it cannot do its task. */
export async function probeModel(draft: ModelEntry, options: ProbeOptions): Promise<ModelEntry> {
  const host = await openProbeHost();
  let entry: ModelEntry;
  try {
    entry = draft.task === "matte" ? await probeMatte(host, draft, options) : await probeUpscaler(host, draft, options);
  } finally {
    await host.close();
  }
  return withMemory(entry, options);
}

async function probeUpscaler(host: InferenceHost, draft: ModelEntry, options: ProbeOptions): Promise<ModelEntry> {
  const { file, signal, onStep, onNote } = options;
  onStep("scale");
  const scaled = await findScale(host, draft, options);
  onStep("size multiple");
  const sized = { ...scaled, sizeMultiple: await findMultiple(host, scaled, options) };
  onStep("range of samples");
  const ranged = await findRange(host, sized, options);
  onStep("halo");
  const model = toCandidate(ranged, file, "halo");
  const halo = await findHalo((tile) => host.runTile(model, tile, { signal }), ranged);
  if (!halo.exact) {
    onNote(
      `no halo up to 64 px is exact; with ${halo.haloPx} px tiles differ by up to ${halo.worstLevels} levels of 255`,
    );
  }
  const workClass = file.sizeBytes >= heavyFileBytes ? "heavy" : "light";
  const tiles = workClass === "heavy" ? [512, 384, 256, 128] : [1_280, 1_024, 768, 512, 256];
  return {
    ...ranged,
    haloPx: halo.haloPx,
    receptiveRadiusPx: halo.exact ? halo.haloPx : null,
    workClass,
    preferredTilesPx: tiles.filter((px) => px > 2 * halo.haloPx + ranged.sizeMultiple),
  };
}

/** Tries scales: a load succeeds only if the model's output is `scale` times as large. Stops if the host dies or hangs. */
async function findScale(host: InferenceHost, draft: ModelEntry, { file, signal }: ProbeOptions): Promise<ModelEntry> {
  for (const sizeMultiple of coarseMultiples) {
    for (const scale of scales) {
      const entry = { ...draft, scale, sizeMultiple };
      const attempt = host.load(toCandidate(entry, file, `${scale}-${sizeMultiple}`), { signal });
      if (await succeeds(attempt, ["MODEL_INVALID"])) return entry;
    }
  }
  const text = `Expected a model that turns a picture into one ${scales.join(", ")} times its size; it does none of these`;
  throw new AppError("MODEL_INVALID", text);
}

async function findMultiple(host: InferenceHost, entry: ModelEntry, { file, signal }: ProbeOptions): Promise<number> {
  for (const sizeMultiple of multiples) {
    // With odd factors the sides are multiples of no larger number.
    const { data } = noisePicture(37 * sizeMultiple, 1, false);
    const [widthPx, heightPx] = [37 * sizeMultiple, 23 * sizeMultiple];
    const tile = { widthPx, heightPx, channels: 3, data: data.subarray(0, widthPx * heightPx * 3) } as const;
    const model = toCandidate({ ...entry, sizeMultiple }, file, `multiple-${sizeMultiple}`);
    if (await succeeds(host.runTile(model, tile, { signal, retry: false }))) return sizeMultiple;
  }
  throw new AppError("MODEL_INVALID", `Expected a model of sizes that are multiples of 64 px or less`);
}

/** An enlarged picture resembles the small one only if samples have the range that the model was trained with. */
async function findRange(host: InferenceHost, entry: ModelEntry, options: ProbeOptions): Promise<ModelEntry> {
  const small = smoothPicture(64 * Math.max(1, entry.sizeMultiple / 64));
  const ranges = options.rangeKnown ? [entry.input.range] : (["unit", "byte"] as const);
  let best = { entry, db: Number.NEGATIVE_INFINITY };
  for (const range of ranges) {
    const tried = { ...entry, input: { ...entry.input, range }, output: { ...entry.output, range } };
    const model: AvailableModel = toCandidate(tried, options.file, `range-${range}`);
    const large = await host
      .runTile(model, small, { signal: options.signal, retry: false })
      .catch((error: unknown) => ignoreRefusal(error));
    const db = large ? resemblanceDb(small, large, entry.scale) : Number.NEGATIVE_INFINITY;
    if (db > best.db) best = { entry: tried, db };
  }
  if (best.db < resemblingDb) {
    options.onNote("enlarged pictures do not resemble the small ones: check range, mean and std in the entry");
  }
  return best.entry;
}

async function probeMatte(host: InferenceHost, draft: ModelEntry, options: ProbeOptions): Promise<ModelEntry> {
  const { file, sigmoidKnown, signal, onStep, onNote } = options;
  onStep("range of the matte");
  const { data } = await host.runMatte(toCandidate(draft, file, "plain"), mattePicture(draft), { signal });
  const outside = data.some((value) => value < -0.01 || value > 1.01);
  if (outside && !sigmoidKnown)
    onNote("the matte has values outside 0 to 1: taken for logits, the host applies the sigmoid");
  if (outside && sigmoidKnown && !draft.output.sigmoid)
    onNote("the matte has values outside 0 to 1, which its family has not: check --family");
  const workClass = file.sizeBytes >= heavyMatteFileBytes ? "heavy" : "light";
  const sigmoid = sigmoidKnown ? draft.output.sigmoid : outside;
  return { ...draft, output: { ...draft.output, sigmoid }, workClass };
}

async function withMemory(entry: ModelEntry, options: ProbeOptions): Promise<ModelEntry> {
  const { file, signal, onStep, onNote } = options;
  onStep("memory");
  const host = await openProbeHost();
  try {
    const tilePx = Math.ceil(memoryTilePx / entry.sizeMultiple) * entry.sizeMultiple;
    const tile = entry.task === "matte" ? mattePicture(entry) : noisePicture(tilePx, 1, false);
    const { measured, ...memory } = await measureMemory(host, toCandidate(entry, file, "memory"), tile, signal);
    if (!measured) onNote("this system does not tell a process's peak memory: the figure in the entry is a guess");
    return { ...entry, memory };
  } finally {
    await host.close();
  }
}

function mattePicture({ input }: ModelEntry) {
  const { widthPx, heightPx } = input.fixedSizePx ?? { widthPx: 320, heightPx: 320 };
  const { data } = smoothPicture(Math.max(widthPx, heightPx));
  return { widthPx, heightPx, channels: 3, data: data.subarray(0, widthPx * heightPx * 3) } as const;
}

async function succeeds(attempt: Promise<unknown>, accepted: readonly Reason[] = refusals): Promise<boolean> {
  return attempt.then(
    () => true,
    (error) => ignoreRefusal(error, accepted) !== null,
  );
}

/** Returns null for an error that shows that the model cannot do what was tried. Throws any other error. */
function ignoreRefusal(error: unknown, accepted: readonly Reason[] = refusals): null {
  if (error instanceof AppError && accepted.includes(error.reason)) return null;
  throw error;
}
