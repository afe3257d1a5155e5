import {
  type CutOutSettings,
  chooseModels,
  type EffectText,
  type FeatureText,
  type Format,
  type ModelOptions,
  type PlacementOptions,
  type priorities,
  type qualities,
  toPlacement,
  UsageError,
  type Variant,
  wrongFlag,
} from "@pixelmesh/flag-values";
import { askedRoles, type StepFlags } from "./operation-flags.ts";
import { toUpscale, type UpscaleOptions } from "./upscale-flags.ts";

/** The options that say what is done with a picture, each as its flag's parser gives it. */
export type PipelineOptions = Omit<UpscaleOptions, "upscaleModel"> &
  ModelOptions &
  PlacementOptions & {
    readonly removeBackground?: true;
    readonly cutOut?: CutOutSettings;
    readonly effect?: readonly EffectText[];
    /** In place of every other step. */
    readonly feature?: FeatureText;
    readonly remoteModel?: EffectText;
    readonly defaultOrder?: true;
    readonly variant?: readonly Variant[];
    readonly maxSide?: number;
    readonly quality: (typeof qualities)[number];
    readonly format?: Format;
    /** 1 to 100. */
    readonly encodeQuality?: number;
    readonly lossless?: true;
    readonly priority: (typeof priorities)[number];
    /** Milliseconds from the start of the upload. */
    readonly deadline?: number;
    readonly label?: readonly string[];
    readonly allowDegraded?: true;
    /** False: neither reads nor writes the result cache. */
    readonly cache: boolean;
    /** Computes every step again, and replaces the cached results. */
    readonly refresh?: true;
  };

/** What is done with a picture, checked as far as that needs neither files nor mesh. */
export type PipelineFlags = StepFlags & {
  /** `--model` of a command that both enlarges and cuts out. The model's task decides which of the two it is for. */
  readonly sharedModel: string | undefined;
  /** In place of steps: the mesh has the pipeline. */
  readonly feature: FeatureText | undefined;
  readonly variants: readonly Variant[];
  readonly quality: PipelineOptions["quality"];
  readonly format: Format;
  /** 1 to 100; 0: the default of the format. */
  readonly encodeQuality: number;
  readonly lossless: boolean;
  readonly priority: PipelineOptions["priority"];
  readonly deadlineMs: number | undefined;
  readonly labels: readonly string[];
  readonly allowDegraded: boolean;
  readonly noCache: boolean;
  readonly refresh: boolean;
};

/** Name of the output that the flags other than `--variant` make. */
export const mainOutput = "result";

/** Checks the options against each other. Throws UsageError. */
export function parsePipelineOptions(options: PipelineOptions): PipelineFlags {
  const { background, effect: effects = [], variant: variants = [] } = options;
  const names = variants.map(({ name }) => name);
  const repeated = names.find((name, index) => name === mainOutput || names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw wrongFlag("--variant", `named once each, and not \`${mainOutput}\``, repeated);
  }
  const removeBackground = [options.removeBackground, options.cutOut, background].some((value) => value !== undefined);
  const isEnlarged = [options.upscale, options.width, options.height].some((value) => value !== undefined);
  const { upscaleModel, cutoutModel = "", sharedModel } = chooseModels(options, isEnlarged, removeBackground);
  const { model: _, ...upscaleOptions } = options;
  const flags: PipelineFlags = {
    maxSidePx: options.maxSide,
    upscale: toUpscale({ ...upscaleOptions, ...(upscaleModel === undefined ? {} : { upscaleModel }) }),
    removeBackground,
    cutoutModel,
    sharedModel,
    cutOut: options.cutOut ?? {},
    background,
    placement: toPlacement(options),
    effects,
    defaultOrder: options.defaultOrder === true,
    remoteModel: options.remoteModel,
    feature: options.feature,
    variants,
    quality: options.quality,
    format: options.format ?? "auto",
    encodeQuality: options.encodeQuality ?? 0,
    lossless: options.lossless === true,
    priority: options.priority,
    deadlineMs: options.deadline,
    labels: options.label ?? [],
    allowDegraded: options.allowDegraded === true,
    noCache: !options.cache,
    refresh: options.refresh === true,
  };
  if (background !== undefined && options.cutOut?.result === "matte")
    throw new UsageError("Expected `--cut-out result=matte` without `--background`: a matte has nothing behind it");
  if (flags.noCache && flags.refresh)
    throw new UsageError(
      "Expected either `--no-cache`, which does not use the result cache, or `--refresh`, which replaces its results",
    );
  assertEncoding(flags);
  assertWork(flags);
  assertFeatureAlone(flags);
  return flags;
}

function assertFeatureAlone(flags: PipelineFlags): void {
  if (!flags.feature || !(hasOwnSteps(flags) || flags.variants.length > 0)) return;
  throw new UsageError(
    `Expected \`--feature\` without flags for steps, because a feature is a whole pipeline, got \`--feature ${flags.feature.name}\` beside some`,
  );
}

function assertEncoding({ format, lossless, encodeQuality }: PipelineFlags): void {
  if (lossless && (format === "jpeg" || format === "avif")) {
    throw new UsageError(`Expected \`--lossless\` with png, webp or auto, got \`${format}\``);
  }
  if (encodeQuality > 0 && (format === "png" || lossless)) {
    const what = lossless ? "--lossless" : "--format png";
    throw new UsageError(`Expected \`--encode-quality\` with a lossy format, got \`${what}\``);
  }
}

// Writing the picture in a named format is work as well.
function assertWork(flags: PipelineFlags): void {
  const isRewritten = flags.format !== "auto" || flags.encodeQuality > 0 || flags.lossless;
  if (hasMainSteps(flags) || flags.variants.length > 0 || isRewritten) return;
  const operations =
    "--upscale, --width, --height, --max-side, --remove-background, --cut-out, --background, --effect, --variant, --remote-model or --feature";
  throw new UsageError(`Expected something to do: ${operations}; or --format, to write the picture in another format`);
}

/** Whether the flags other than `--variant` ask for any step or for a feature. */
export function hasMainSteps(flags: PipelineFlags): boolean {
  return flags.feature !== undefined || hasOwnSteps(flags);
}

function hasOwnSteps(flags: StepFlags): boolean {
  return askedRoles(flags).length > 0;
}

/** Names of the outputs, in order: `result` unless there are only variants, then one for each variant. */
export function outputNames(flags: PipelineFlags): readonly string[] {
  const variants = flags.variants.map(({ name }) => name);
  return hasMainSteps(flags) || variants.length === 0 ? [mainOutput, ...variants] : variants;
}
