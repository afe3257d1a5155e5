import { UsageError, wrongFlag } from "../options/usage-error.ts";

/** The options of `run` that name models. */
export type ModelOptions = {
  readonly model?: string;
  readonly upscaleModel?: string;
  readonly cutoutModel?: string;
};

/** Which model each of the two operations runs; undefined: the mesh's default. */
export type ChosenModels = {
  readonly upscaleModel: string | undefined;
  readonly cutoutModel: string | undefined;
  /** For one of the two operations: the task of the model tells for which. */
  readonly sharedModel: string | undefined;
};

/** Says which operation each named model is for. Throws UsageError for a model of an operation that was not asked for. */
export function chooseModels(
  { model, upscaleModel, cutoutModel }: ModelOptions,
  isEnlarged: boolean,
  isCutOut: boolean,
): ChosenModels {
  if (cutoutModel !== undefined && !isCutOut) {
    throw wrongFlag("--cutout-model", "given with --remove-background or --background, which it is about", cutoutModel);
  }
  if (upscaleModel !== undefined && !isEnlarged) {
    throw wrongFlag("--upscale-model", "given with --upscale, --width or --height, which it is about", upscaleModel);
  }
  if (model === undefined) return { upscaleModel, cutoutModel, sharedModel: undefined };
  const isForUpscale = isEnlarged && upscaleModel === undefined;
  const isForCutout = isCutOut && cutoutModel === undefined;
  if (isForUpscale && isForCutout) return { upscaleModel, cutoutModel, sharedModel: model };
  if (isForUpscale) return { upscaleModel: model, cutoutModel, sharedModel: undefined };
  if (isForCutout) return { upscaleModel, cutoutModel: model, sharedModel: undefined };
  if (isEnlarged || isCutOut) throw new UsageError("Expected one model for each operation, got `--model` as well");
  const operations = "--upscale, --width, --height, --remove-background or --background";
  throw wrongFlag("--model", `given with ${operations}, which it is about`, model);
}
