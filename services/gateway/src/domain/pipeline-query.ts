import { expected } from "@pixelmesh/errors";
import {
  choiceFlag,
  durationFlag,
  fits,
  formatAliases,
  formats,
  integerFlag,
  labelFlag,
  numberFlag,
  parseBackground,
  parseBackgroundColor,
  parseCutOut,
  parseEffectText,
  parseFeatureText,
  parsePosition,
  parseRemoteModelText,
  parseVariant,
  priorities,
  qualities,
  wrongFlag,
} from "@pixelmesh/flag-values";
import { type PipelineFlags, type PipelineOptions, parsePipelineOptions } from "@pixelmesh/pipeline-flags";
import type { Parameter } from "./parameter.ts";
import { inQuery, type QueryNames } from "./typed-query.ts";

/** One name of the query that says what is done with a picture: its documentation, and how its text becomes an option. */
type QueryName = Parameter & { readonly option: keyof PipelineOptions; readonly parse: (text: string) => unknown };

const text = { type: "string" };
const share = (maximum: number) => ({ type: "number", minimum: 0, maximum });
const whole = (minimum: number, maximum: number) => ({ type: "integer", minimum, maximum });
const words = (list: readonly string[]) => ({ type: "string", enum: list });

/** A name without a value, or with `true` or `false`. */
function flagName(option: keyof PipelineOptions, flag: string, description: string): QueryName {
  const parse = choiceFlag(flag, ["true", "false"]);
  return {
    option,
    description,
    schema: { type: "boolean" },
    parse: (value) => (value === "" || parse(value) === "true" ? true : undefined),
  };
}

function name(
  option: keyof PipelineOptions,
  schema: Parameter["schema"],
  description: string,
  parse: (text: string) => unknown,
  isRepeated = false,
): QueryName {
  return { option, schema, description, parse, isRepeated };
}

const modelName = (flag: string) => (value: string) => {
  if (value === "") throw wrongFlag(flag, "the name of a model", value);
  return value;
};

/** The names of the query, as the flags of `pixelmesh run` with `_` for `-`; `scale` is `--upscale`. */
const queryNames: Readonly<Record<string, QueryName>> = {
  max_side: name(
    "maxSide",
    whole(16, 16_384),
    "Shrinks the picture to this longest side, in pixels.",
    integerFlag("--max-side", 16, 16_384),
  ),
  scale: name("upscale", { type: "integer", enum: [2, 3, 4] }, "Enlarges by this factor with a model.", (value) =>
    Number(choiceFlag("--upscale", ["2", "3", "4"])(value)),
  ),
  width: name(
    "width",
    whole(1, 16_384),
    "Enlarges to this width instead; with `height`, to fit both.",
    integerFlag("--width", 1, 16_384),
  ),
  height: name("height", whole(1, 16_384), "Enlarges to this height instead.", integerFlag("--height", 1, 16_384)),
  model: name("model", text, "Model for enlarging or cutting out.", modelName("--model")),
  upscale_model: name("upscaleModel", text, "Model for enlarging.", modelName("--upscale-model")),
  cutout_model: name("cutoutModel", text, "Model for cutting out.", modelName("--cutout-model")),
  denoise: name(
    "denoise",
    share(1),
    "Strength of noise removal, for a model with a pair.",
    numberFlag("--denoise", 0, 1),
  ),
  sharpen: name("sharpen", share(1), "Sharpens the enlarged picture.", numberFlag("--sharpen", 0, 1)),
  contrast: name("contrast", share(0.5), "Adds contrast to the enlarged picture.", numberFlag("--contrast", 0, 0.5)),
  remove_background: flagName("removeBackground", "--remove-background", "Cuts out the main object."),
  cut_out: name(
    "cutOut",
    text,
    "Cuts out with settings `key=value,…`, such as `threshold=0.5,feather=1`.",
    parseCutOut,
  ),
  background: name(
    "background",
    text,
    "Cuts out, and puts a colour, `gradient:A,B[@ANGLE]`, `blur:N`, or the file of the form `@background` behind.",
    parseBackgroundName,
  ),
  background_fit: name(
    "backgroundFit",
    words(fits),
    "How a background picture is placed.",
    choiceFlag("--background-fit", fits),
  ),
  background_position: name(
    "backgroundPosition",
    text,
    "Where a background picture lies: `X,Y` from `0,0` (left, top) to `1,1`.",
    parsePosition,
  ),
  background_color: name(
    "backgroundColor",
    text,
    "Colour around a background picture that does not cover.",
    parseBackgroundColor,
  ),
  effect: name(
    "effect",
    text,
    "`NAME[:key=value,…]` or `preset:NAME`; repeated for a chain. A picture is `@NAME`, a file of the form.",
    (value) => parseEffectText(value),
    true,
  ),
  feature: name(
    "feature",
    text,
    "`NAME[@VERSION][:key=value,…]`: a pipeline of the mesh in place of other steps. A picture is `@NAME`, a file of the form of the setting's name.",
    parseFeatureText,
  ),
  remote_model: name(
    "remoteModel",
    text,
    "`NAME[:key=value,…]`: sends the picture to a hosted model, outside of the mesh, after all other steps.",
    parseRemoteModelText,
  ),
  default_order: flagName("defaultOrder", "--default-order", "The effects are a set, which runs in the default order."),
  variant: name("variant", text, "`NAME=EFFECT+EFFECT…`: a further output. Repeated for several.", parseVariant, true),
  quality: name(
    "quality",
    words(qualities),
    "Size limit of a picture that enters an upscale.",
    choiceFlag("--quality", qualities),
  ),
  format: name("format", words(formats), "Format of the outputs.", choiceFlag("--format", formats, formatAliases)),
  encode_quality: name(
    "encodeQuality",
    whole(1, 100),
    "Quality of JPEG, WebP and AVIF files.",
    integerFlag("--encode-quality", 1, 100),
  ),
  lossless: flagName("lossless", "--lossless", "Writes WebP files without loss."),
  priority: name(
    "priority",
    words(priorities),
    "Interactive work is started before batch work.",
    choiceFlag("--priority", priorities),
  ),
  allow_degraded: flagName(
    "allowDegraded",
    "--allow-degraded",
    "Permits smaller sizes and lighter models under load; the job lists them.",
  ),
  refresh: flagName(
    "refresh",
    "--refresh",
    "Computes every step again; the results replace the cached ones. Not with `no_cache`.",
  ),
  deadline: name(
    "deadline",
    text,
    "Time after which an unfinished job fails, such as `90s`; 1 s to 24 h.",
    durationFlag("--deadline", "1s", "24h"),
  ),
  label: name("label", text, "Label by which jobs are found; repeated for several.", labelFlag("--label"), true),
};

/** The name of the route of features, which is short for `feature`. */
const featureName = "name";

/** The names of a query that differ from the flags: on the route of features, `name` stands for `--feature`. */
export function namesOf(query: URLSearchParams): QueryNames {
  return query.has(featureName) ? { feature: featureName } : {};
}

/** The documented names of the query that say what is done with a picture. */
export const pipelineQuery: Readonly<Record<string, Parameter>> = {
  ...queryNames,
  no_cache: { description: "Neither reads nor writes the result cache.", schema: { type: "boolean" } },
};

/** Options of the job and its result, which a feature does not have itself. */
const jobOptions: ReadonlySet<keyof PipelineOptions> = new Set<keyof PipelineOptions>([
  "quality",
  "format",
  "encodeQuality",
  "lossless",
  "priority",
  "allowDegraded",
  "refresh",
  "deadline",
  "label",
]);

/** The names of the query of a feature's route. Names of steps are not among them, because a feature is a whole pipeline. */
export const featureQuery: Readonly<Record<string, Parameter>> = {
  [featureName]: { schema: text, description: "The feature: `NAME[@VERSION][:key=value,…]`." },
  ...Object.fromEntries(
    Object.entries(pipelineQuery).filter(([key]) => {
      const known = Object.hasOwn(queryNames, key) ? queryNames[key] : undefined;
      return known === undefined || jobOptions.has(known.option);
    }),
  ),
};

const defaults: Pick<PipelineOptions, "quality" | "priority"> = { quality: "auto", priority: "interactive" };

/**
 * Reads what is done with a picture. `preset` holds options that a route has set already, `known` the names of its query. Throws INVALID_ARGUMENT that names the wrong
 * value, or the feature that is missing on the route of features.
 */
export function parsePipelineQuery(
  query: URLSearchParams,
  preset: Partial<PipelineOptions> = {},
  known: Readonly<Record<string, unknown>> = pipelineQuery,
): PipelineFlags {
  return inQuery(() => {
    const options: Record<string, unknown> = { ...defaults, ...preset };
    for (const [given, value] of query) {
      const key = given === featureName ? "feature" : given;
      const named = Object.hasOwn(queryNames, key) ? queryNames[key] : undefined;
      if (!named) continue;
      const parsed = named.parse(value);
      if (parsed === undefined) continue;
      options[named.option] = named.isRepeated ? [...((options[named.option] as unknown[]) ?? []), parsed] : parsed;
    }
    options.cache = !isNamed(query, "no_cache");
    if (Object.hasOwn(known, featureName) && options.feature === undefined)
      throw expected(featureName, "given", "nothing");
    return parsePipelineOptions(options as PipelineOptions);
  }, namesOf(query));
}

/** Whether a name without a value, or with `true`, is in the query. Throws UsageError for another value than `true` and `false`. */
function isNamed(query: URLSearchParams, key: string): boolean {
  const value = query.get(key);
  return value !== null && (value === "" || choiceFlag(`--${key}`, ["true", "false"])(value) === "true");
}

/** The upload that stands for a background picture is always named `background`. */
function parseBackgroundName(value: string): unknown {
  const background = parseBackground(value);
  if (background.kind !== "picture" || background.path === "@background") return background;
  throw wrongFlag("--background", "an opaque colour, gradient:…, blur:N, or @background for a file of the form", value);
}
