import { type FrameStore, memoryFrameStore, type Raster, resizeRaster, toWholeFrame } from "@pixelmesh/imaging";
import { createPace } from "@pixelmesh/lifecycle";
import type { Notice } from "@pixelmesh/proto";
import { readTransparency, toRgba, withoutAlpha } from "../domain/alpha/existing-alpha.ts";
import { finishAlpha, readAlpha } from "../domain/alpha/finish-alpha.ts";
import { clipRegion, cropTo, placeIn } from "../domain/alpha/region.ts";
import type { CutOutOptions } from "../domain/cut-out/cut-out-options.ts";
import type { Finding } from "../domain/cut-out/matte.ts";
import { prepareCutOut } from "../domain/cut-out/remove-background.ts";
import { defaultBandShare } from "../domain/cut-out/trimap.ts";
import type { Size } from "../domain/planes/plane.ts";
import type { PictureWork } from "../threads/picture-work.ts";
import type { FindMatte } from "./matte-models.ts";

/** What a cut-out is made with. */
export type CutOutTools = {
  readonly work: PictureWork;
  /** Runs the model, and larger ones as the step asks. Not called for a picture that is kept as it is. */
  readonly findMatte: FindMatte;
  readonly frameStore: FrameStore;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
};

/** A cut-out of the picture's size, RGBA, or its alpha alone, grey; and what the caller should know. */
export type CutOutResult = {
  readonly frame: Raster;
  readonly notices: readonly Notice[];
  /** How sure the model is, 0 to 1; undefined where it did not run. */
  readonly confidence?: number;
};

/** A picture with so large a share of mostly transparent pixels is a cut-out already. */
const cutOutShare = 0.01;

const findings: Readonly<Record<Finding, Omit<Notice, "stepId"> | undefined>> = {
  object: undefined,
  nothing: { kind: "no_object", text: "The model found no object, so the cut-out is transparent" },
  everything: { kind: "all_object", text: "The model found no background, so the cut-out is the whole picture" },
};

/**
 * Cuts the object out of a picture. Pixels that this does not keep are in the frame store; the run may use up the memory of the picture. Throws INVALID_ARGUMENT for
 * a region outside of the picture, and RESULT_INVALID for an invalid result of the model.
 */
export async function runCutOut(picture: Raster, options: CutOutOptions, tools: CutOutTools): Promise<CutOutResult> {
  const { frameStore, signal } = tools;
  const pace = createPace(signal);
  const { widthPx, heightPx } = picture;
  const region = options.region && clipRegion(options.region, picture);
  const part = region ? await cropTo(picture, region, frameStore, pace) : picture;
  const { frame: cut, ...facts } = await cutPart(part, options, tools);
  const finished = await finishAlpha(cut, options, frameStore, pace);
  const frame = region ? await placeIn({ widthPx, heightPx }, finished, region, frameStore, pace) : finished;
  return { frame: options.matteOnly ? await readAlpha(frame, frameStore, pace) : frame, ...facts };
}

async function cutPart(picture: Raster, options: CutOutOptions, tools: CutOutTools): Promise<CutOutResult> {
  const { frameStore, signal, work, findMatte, onProgress } = tools;
  const { existingAlpha, decontaminate, fillHoles, minIsland } = options;
  const pace = createPace(signal);
  if (existingAlpha === "keep" || existingAlpha === "auto") {
    const { some, most } = await readTransparency(picture, pace);
    if (existingAlpha === "keep" ? some > 0 : most >= cutOutShare) {
      onProgress(1);
      return { frame: await toRgba(picture, frameStore, pace), notices: [keptNotice(existingAlpha, most)] };
    }
  }
  const source = existingAlpha === "replace" ? await withoutAlpha(picture, frameStore, pace) : picture;
  const resize = async (raster: Raster, widthPx: number, heightPx: number) =>
    toWholeFrame(await resizeRaster(raster, widthPx, heightPx, "lanczos3", memoryFrameStore));
  const changes = { fillHoles, minIsland, bandPx: bandOf(options, source) };
  const { prepared, notices: modelNotices } = await findMatte(({ sizeFor, stretch, inferAt }) => {
    const modelSize = sizeFor(source);
    return prepareCutOut(source, { modelSize, stretch, infer: inferAt(modelSize), resize, signal, ...changes });
  });
  const task = { kind: "cutOut", ...prepared.task, decontaminate, refine: options.refine } as const;
  const frame = await work.run(task, frameStore, { signal, onProgress });
  const notice = findings[prepared.finding];
  const notices = [...modelNotices, ...(notice ? [{ ...notice, stepId: "" }] : [])];
  return { frame, notices, confidence: prepared.confidence };
}

/** Returns the band of a matte's edge, in px; 0: none. */
function bandOf({ refine, trimapPx }: CutOutOptions, { widthPx, heightPx }: Size): number {
  if (trimapPx > 0 || refine === "none") return trimapPx;
  return defaultBandShare * Math.max(widthPx, heightPx);
}

function keptNotice(use: "keep" | "auto", share: number): Notice {
  const percent = Math.round(share * 100);
  const text =
    use === "keep"
      ? "The picture has alpha of its own, which was kept as existing_alpha says"
      : `The picture is a cut-out already (${percent} % of it is transparent), so it was kept; existing_alpha changes that`;
  return { stepId: "", kind: "already_cut_out", text };
}
