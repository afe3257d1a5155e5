import { UsageError, wrongFlag } from "./usage-error.ts";

/** The model options of `run`. */
export type ModelOptions = {
  readonly model?: string;
  readonly upscaleModel?: string;
  readonly cutoutModel?: string;
};

/** The model of each operation; undefined: the mesh's default. */
export type ChosenModels = {
  readonly upscaleModel: string | undefined;
  readonly cutoutModel: string | undefined;
  /** A model for one of the two operations, which the model's task decides. */
  readonly sharedModel: string | undefined;
};

/** Assigns each named model to its operation. Throws UsageError for a model of an operation that the flags do not ask for. */
export function chooseModels(
  { model, upscaleModel, cutoutModel }: ModelOptions,
  isEnlarged: boolean,
  isCutOut: boolean,
): ChosenModels {
  if (cutoutModel !== undefined && !isCutOut) {
    throw wrongFlag("--cutout-model", "given with --remove-background or --background", cutoutModel);
  }
  if (upscaleModel !== undefined && !isEnlarged) {
    throw wrongFlag("--upscale-model", "given with --upscale, --width or --height", upscaleModel);
  }
  if (model === undefined) return { upscaleModel, cutoutModel, sharedModel: undefined };
  const isForUpscale = isEnlarged && upscaleModel === undefined;
  const isForCutout = isCutOut && cutoutModel === undefined;
  if (isForUpscale && isForCutout) return { upscaleModel, cutoutModel, sharedModel: model };
  if (isForUpscale) return { upscaleModel: model, cutoutModel, sharedModel: undefined };
  if (isForCutout) return { upscaleModel, cutoutModel: model, sharedModel: undefined };
  if (isEnlarged || isCutOut) throw new UsageError("Expected one model for each operation, got `--model` as well");
  const operations = "--upscale, --width, --height, --remove-background or --background";
  throw wrongFlag("--model", `given with ${operations}`, model);
}
