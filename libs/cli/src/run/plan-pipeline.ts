import type { Pixelmesh } from "@pixelmesh/client";
import type { EffectText, Failure } from "@pixelmesh/flag-values";
import { planFeature, planRemoteModel, toPipeline, toTypedFailure, withSharedModel } from "@pixelmesh/pipeline-flags";
import { Pipeline } from "@pixelmesh/proto";
import { furtherPictureRules, planEffects } from "./effect-pictures.ts";
import type { RunFlags } from "./flags.ts";
import type { PictureTask } from "./run-picture.ts";

/** What all pictures of a command have in common. */
export type PipelinePlan = Pick<PictureTask, "pipeline" | "feature" | "effectPictures" | "explain">;

/** Plans the pipeline of a command. Lists effects, models and features of the mesh only where flags name some whose type or task matters. */
export async function planPipeline(given: RunFlags, client: Pixelmesh, signal: AbortSignal): Promise<PipelinePlan> {
  if (given.feature !== undefined) return planOfFeature(given, given.feature, client, signal);
  const shared = given.sharedModel === undefined ? given : withSharedModel(given, await client.models({ signal }));
  const remote = shared.remoteModel && (await planRemote(shared.remoteModel, client, signal));
  const flags = remote ? { ...shared, remoteStep: remote.remoteStep } : shared;
  const hasEffects = flags.effects.length + flags.variants.length > 0;
  const catalogue = hasEffects ? await client.effects({ signal }) : [];
  const { toEffects, pictures } = planEffects(flags, catalogue);
  const pipeline = toPipeline(flags, toEffects);
  const remotePictures = (remote?.files ?? []).map(({ name, file }) => ({ name, path: file }));
  return {
    pipeline,
    feature: undefined,
    effectPictures: [...pictures, ...remotePictures],
    explain: (failure: Failure) => toTypedFailure(failure, flags, pipeline, catalogue),
  };
}

async function planOfFeature(
  flags: RunFlags,
  text: NonNullable<RunFlags["feature"]>,
  client: Pixelmesh,
  signal: AbortSignal,
): Promise<PipelinePlan> {
  const hasSettings = Object.keys(text.settings).length > 0;
  const features = hasSettings ? await client.features({ signal }) : [];
  const { feature, files } = planFeature(text, flags, features, furtherPictureRules);
  return {
    pipeline: Pipeline.create(),
    feature,
    effectPictures: files.map(({ name, file }) => ({ name, path: file })),
    explain: (failure: Failure) => toTypedFailure(failure, flags, Pipeline.create(), []),
  };
}

async function planRemote(text: EffectText, client: Pixelmesh, signal: AbortSignal) {
  const { models } = await client.remoteModels({ signal });
  const nameOf = (_file: string, index: number) => `remote-picture-${index + 1}`;
  return planRemoteModel(text, models, { ...furtherPictureRules, nameOf });
}
