import type { Pixelmesh } from "@pixelmesh/client";
import type { Failure } from "@pixelmesh/flag-values";
import { toPipeline, toTypedFailure, withSharedModel } from "@pixelmesh/pipeline-flags";
import { planEffects } from "./effect-pictures.ts";
import type { RunFlags } from "./flags.ts";
import type { PictureTask } from "./run-picture.ts";

/** What all pictures of a command have in common. */
export type PipelinePlan = Pick<PictureTask, "pipeline" | "effectPictures" | "explain">;

/** Plans the pipeline of a command. Lists effects and models of the mesh only where flags name some whose type or task matters. */
export async function planPipeline(given: RunFlags, client: Pixelmesh, signal: AbortSignal): Promise<PipelinePlan> {
  const flags = given.sharedModel === undefined ? given : withSharedModel(given, await client.models({ signal }));
  const hasEffects = flags.effects.length + flags.variants.length > 0;
  const catalogue = hasEffects ? await client.effects({ signal }) : [];
  const { toEffects, pictures } = planEffects(flags, catalogue);
  const pipeline = toPipeline(flags, toEffects);
  return {
    pipeline,
    effectPictures: pictures,
    explain: (failure: Failure) => toTypedFailure(failure, flags, pipeline, catalogue),
  };
}
