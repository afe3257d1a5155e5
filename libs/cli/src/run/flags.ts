import { operations } from "@pixelmesh/pipeline";
import { type RoleName, roleNames } from "@pixelmesh/roles";
import { UsageError, wrongFlag } from "../options/usage-error.ts";
import { type PlacementOptions, toPlacement } from "./background.ts";
import type { priorities, qualities } from "./choices.ts";
import type { CutOutSettings } from "./cut-out-settings.ts";
import type { EffectText, Variant } from "./effect-text.ts";
import { type Format, toOutputFormat } from "./formats.ts";
import { chooseModels, type ModelOptions } from "./model-flags.ts";
import { askedRoles, type StepFlags } from "./operation-flags.ts";
import { isStdin, isStdout } from "./standard-paths.ts";
import { toUpscale, type UpscaleOptions } from "./upscale-flags.ts";

/** The options of `run` as commander gives them. */
export type RunOptions = Omit<UpscaleOptions, "upscaleModel"> &
  ModelOptions &
  PlacementOptions & {
    readonly removeBackground?: true;
    readonly cutOut?: CutOutSettings;
    readonly effect?: readonly EffectText[];
    readonly defaultOrder?: true;
    readonly variant?: readonly Variant[];
    readonly maxSide?: number;
    readonly quality: (typeof qualities)[number];
    readonly format?: Format;
    readonly encodeQuality?: number;
    readonly lossless?: true;
    readonly priority: (typeof priorities)[number];
    /** Milliseconds from the start of the upload. */
    readonly deadline?: number;
    readonly jobs?: number;
    readonly label?: readonly string[];
    readonly recursive?: true;
    readonly report?: string;
    readonly skipExisting?: true;
    readonly quiet?: true;
    readonly allowDegraded?: true;
    readonly cache: boolean;
    readonly address: string;
    readonly output?: string;
    readonly outDir?: string;
    readonly json?: true;
  };

/** Everything that `run` was asked for, checked as far as that needs neither files nor mesh. */
export type RunFlags = StepFlags & {
  readonly pictures: readonly string[];
  /** `--model` of a command that both enlarges and cuts out. The model's task decides which of the two it is for. */
  readonly sharedModel: string | undefined;
  readonly variants: readonly Variant[];
  readonly quality: RunOptions["quality"];
  readonly format: Format;
  /** 1 to 100; 0: the default of the format. */
  readonly encodeQuality: number;
  readonly lossless: boolean;
  readonly priority: RunOptions["priority"];
  readonly deadlineMs: number | undefined;
  readonly labels: readonly string[];
  /** Whether folders stand for the pictures in their subfolders, too. */
  readonly isRecursive: boolean;
  /** Whether pictures that an earlier command has finished are left out. */
  readonly skipsFinished: boolean;
  /** Where the CSV report goes. */
  readonly reportFile: string | undefined;
  /** Pictures in work at once. */
  readonly picturesAtOnce: number;
  readonly quiet: boolean;
  readonly allowDegraded: boolean;
  readonly noCache: boolean;
  readonly address: string;
  readonly outputFile: string | undefined;
  readonly outDir: string;
  readonly json: boolean;
};

/** Name of the output that the flags other than `--variant` make. */
export const mainOutput = "result";

const defaultPicturesAtOnce = 4;

/** Checks the flags against each other. Throws UsageError. */
export function parseRunFlags(pictures: readonly string[], options: RunOptions): RunFlags {
  const { background, effect: effects = [], variant: variants = [], output } = options;
  const names = variants.map(({ name }) => name);
  const repeated = names.find((name, index) => name === mainOutput || names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw wrongFlag("--variant", `named once each, and not \`${mainOutput}\``, repeated);
  }
  const removeBackground = [options.removeBackground, options.cutOut, background].some((value) => value !== undefined);
  const isEnlarged = [options.upscale, options.width, options.height].some((value) => value !== undefined);
  const { upscaleModel, cutoutModel = "", sharedModel } = chooseModels(options, isEnlarged, removeBackground);
  const { model: _, ...upscaleOptions } = options;
  const flags: RunFlags = {
    pictures,
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
    variants,
    quality: options.quality,
    format: output === undefined ? (options.format ?? "auto") : toOutputFormat(output, options.format),
    encodeQuality: options.encodeQuality ?? 0,
    lossless: options.lossless === true,
    priority: options.priority,
    deadlineMs: options.deadline,
    labels: options.label ?? [],
    isRecursive: options.recursive === true,
    skipsFinished: options.skipExisting === true,
    reportFile: options.report,
    picturesAtOnce: options.jobs ?? defaultPicturesAtOnce,
    quiet: options.quiet === true,
    allowDegraded: options.allowDegraded === true,
    noCache: !options.cache,
    address: options.address,
    outputFile: output,
    outDir: options.outDir ?? ".",
    json: options.json === true,
  };
  if (output !== undefined) {
    if (options.outDir !== undefined) throw new UsageError("Expected one of `-o` and `--out-dir`, got both");
    if (options.skipExisting) throw new UsageError("Expected `--skip-existing` beside `--out-dir`, got `-o`");
    assertOneOutput(flags);
    if (flags.json && isStdout(output)) {
      throw new UsageError("Expected `--json` without `-o` to standard output, because only one of them can use it");
    }
  }
  if (background !== undefined && options.cutOut?.result === "matte")
    throw new UsageError("Expected `--cut-out result=matte` without `--background`: a matte has nothing behind it");
  assertEncoding(flags);
  assertWork(flags);
  if (pictures.filter(isStdin).length > 1)
    throw wrongFlag("picture", "`-` once, because there is one standard input", "-");
  return flags;
}

/** Checks that `-o` is for one output. Throws UsageError. */
export function assertOneOutput(flags: RunFlags): void {
  const { pictures, outputFile } = flags;
  const count = pictures.length * outputNames(flags).length;
  if (outputFile === undefined || count <= 1) return;
  throw wrongFlag("-o", `used with one output; there are ${count}, use --out-dir`, outputFile);
}

function assertEncoding({ format, lossless, encodeQuality }: RunFlags): void {
  if (lossless && (format === "jpeg" || format === "avif")) {
    throw new UsageError(`Expected \`--lossless\` with png, webp or auto, got \`${format}\``);
  }
  if (encodeQuality > 0 && (format === "png" || lossless)) {
    const what = lossless ? "--lossless" : "--format png";
    throw new UsageError(`Expected \`--encode-quality\` with a lossy format, got \`${what}\``);
  }
}

// Writing the picture in a named format is work as well.
function assertWork(flags: RunFlags): void {
  const isRewritten = flags.format !== "auto" || flags.encodeQuality > 0 || flags.lossless;
  if (hasMainSteps(flags) || flags.variants.length > 0 || isRewritten) return;
  const operations =
    "--upscale, --width, --height, --max-side, --remove-background, --cut-out, --background, --effect or --variant";
  throw new UsageError(`Expected something to do: ${operations}; or --format, to write the picture in another format`);
}

/** Whether the flags other than `--variant` ask for any step. */
export function hasMainSteps(flags: RunFlags): boolean {
  return askedRoles(flags).length > 0;
}

/** Names of the outputs, in order: `result` unless the command has only variants, then one for each variant. */
export function outputNames(flags: RunFlags): readonly string[] {
  const variants = flags.variants.map(({ name }) => name);
  return hasMainSteps(flags) || variants.length === 0 ? [mainOutput, ...variants] : variants;
}

/** The roles that this command needs. A private mesh starts no others. */
export function neededServices(flags: RunFlags): readonly RoleName[] {
  const needed = new Set<RoleName>(["ingest", "scheduler", "storage", ...askedRoles(flags)]);
  if (flags.variants.length > 0) needed.add(operations.applyEffects.role);
  return roleNames.filter((name) => needed.has(name));
}
