import { extname } from "node:path";
import type { UpscaleOperation } from "@pixelmesh/proto";
import type { ServiceName } from "../mesh/services.ts";
import { UsageError, wrongFlag } from "../usage-error.ts";
import type { Background } from "./background.ts";
import type { EffectText, Variant } from "./effect-text.ts";
import { toUpscale, type UpscaleOptions } from "./upscale-flags.ts";

/** Words of `--quality`. */
export const qualities = ["auto", "high", "balanced", "fast"] as const;
/** Words of `--format`. */
export const formats = ["auto", "jpeg", "png", "webp", "avif"] as const;
/** Words of `--priority`. */
export const priorities = ["interactive", "batch"] as const;

/** A word of `--format`. */
export type Format = (typeof formats)[number];

/** The options of `run` as commander gives them. */
export type RunOptions = UpscaleOptions & {
  readonly removeBackground?: true;
  readonly background?: Background;
  readonly effect?: readonly EffectText[];
  readonly variant?: readonly Variant[];
  readonly maxSide?: number;
  readonly quality: (typeof qualities)[number];
  readonly format?: Format;
  readonly priority: (typeof priorities)[number];
  readonly allowDegraded?: true;
  readonly cache: boolean;
  readonly address: string;
  readonly output?: string;
  readonly outDir?: string;
  readonly json?: true;
};

/** Everything `run` was asked for, checked as far as that needs neither files nor mesh. */
export type RunFlags = {
  readonly pictures: readonly string[];
  readonly maxSidePx: number | undefined;
  readonly upscale: UpscaleOperation | undefined;
  readonly removeBackground: boolean;
  readonly background: Background | undefined;
  readonly effects: readonly EffectText[];
  readonly variants: readonly Variant[];
  readonly quality: RunOptions["quality"];
  readonly format: Format;
  readonly priority: RunOptions["priority"];
  readonly allowDegraded: boolean;
  readonly noCache: boolean;
  readonly address: string;
  readonly outputFile: string | undefined;
  readonly outDir: string;
  readonly json: boolean;
};

/** Name of the output that the flags other than `--variant` make. */
export const mainOutput = "result";

const formatByExtension: Readonly<Record<string, Format>> = {
  ".jpg": "jpeg",
  ".jpeg": "jpeg",
  ".png": "png",
  ".webp": "webp",
  ".avif": "avif",
};

/** Checks what flags mean together. Throws UsageError. */
export function parseRunFlags(pictures: readonly string[], options: RunOptions): RunFlags {
  const { background, effect: effects = [], variant: variants = [], output } = options;
  const names = variants.map(({ name }) => name);
  const repeated = names.find((name, index) => name === mainOutput || names.indexOf(name) !== index);
  if (repeated !== undefined) {
    throw wrongFlag("--variant", `named once each, and not \`${mainOutput}\``, repeated);
  }
  const flags: RunFlags = {
    pictures,
    maxSidePx: options.maxSide,
    upscale: toUpscale(options),
    removeBackground: options.removeBackground === true || background !== undefined,
    background,
    effects,
    variants,
    quality: options.quality,
    format: options.format ?? (output ? formatByExtension[extname(output).toLowerCase()] : undefined) ?? "auto",
    priority: options.priority,
    allowDegraded: options.allowDegraded === true,
    noCache: !options.cache,
    address: options.address,
    outputFile: output,
    outDir: options.outDir ?? ".",
    json: options.json === true,
  };
  if (output !== undefined) {
    if (options.outDir !== undefined) throw new UsageError("Expected one of `-o` and `--out-dir`, got both");
    const count = pictures.length * outputNames(flags).length;
    if (count > 1) throw wrongFlag("-o", `used with one output; there are ${count}, use --out-dir`, output);
  }
  return flags;
}

/** Whether the flags other than `--variant` ask for any step. */
export function hasMainSteps({ maxSidePx, upscale, removeBackground, effects }: RunFlags): boolean {
  return maxSidePx !== undefined || upscale !== undefined || removeBackground || effects.length > 0;
}

/** Names of the outputs, in order: `result` unless there is nothing but variants, then one for each variant. */
export function outputNames(flags: RunFlags): readonly string[] {
  const variants = flags.variants.map(({ name }) => name);
  return hasMainSteps(flags) || variants.length === 0 ? [mainOutput, ...variants] : variants;
}

/** The services that this command needs; a private mesh starts no others. */
export function neededServices({ upscale, removeBackground, effects, variants }: RunFlags): readonly ServiceName[] {
  return [
    "ingest",
    "scheduler",
    "storage",
    ...(upscale ? (["upscale"] as const) : []),
    ...(removeBackground ? (["background"] as const) : []),
    ...(effects.length + variants.length > 0 ? (["effects"] as const) : []),
  ];
}
