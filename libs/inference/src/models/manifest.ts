import { AppError, type FieldViolation } from "@pixelmesh/errors";
import { z } from "zod";
import { sourceSchema } from "./model-source.ts";

const positive = z.int().min(1);
const triple = z.tuple([z.number(), z.number(), z.number()]);
const tensorRange = z.enum(["unit", "byte"]);

const inputSchema = z.strictObject({
  /** Name of the input tensor; null if it is not known and the graph has only one. */
  name: z.string().min(1).nullable(),
  layout: z.enum(["nchw", "nhwc"]),
  channels: z.enum(["rgb", "luminance"]),
  /** Samples are 0..1 or 0..255. */
  range: tensorRange,
  /** Divide by the picture's largest sample instead of by 255 (U²-Net). */
  divideByMax: z.boolean().default(false),
  /** Subtracted after scaling to the range, per channel. */
  mean: triple.nullable().default(null),
  /** Divided by after the mean, per channel. */
  std: triple.nullable().default(null),
  /** The only size that the model takes, or null for any size. */
  fixedSizePx: z.strictObject({ widthPx: positive, heightPx: positive }).nullable().default(null),
  /** The size at which a matte model of any size gets a picture: see `matteInputSize`. */
  openSizePx: z
    .strictObject({
      /** The shorter side becomes this unless the sides lie on both sides of it (MODNet); null: the picture's own size. */
      shorterSidePx: positive.nullable(),
      leastSidePx: positive,
      /** Larger pictures are shrunk to so many pixels; at most 1024 by 1024. */
      mostPixels: positive.max(1024 * 1024),
    })
    .nullable()
    .default(null),
});

const outputSchema = z.strictObject({
  /** Name of the output tensor that is used; null means the first. */
  name: z.string().min(1).nullable(),
  layout: z.enum(["nchw", "nhwc"]),
  range: tensorRange,
  /** Whether the host has to apply the sigmoid. */
  sigmoid: z.boolean().default(false),
  /** Whether the values of a matte are stretched so that the smallest is 0 and the largest 1; otherwise they are clamped to 0 to 1. */
  stretch: z.boolean().default(true),
});

/** Measured on the CPU provider if the file was available, else calculated from the network's layers. */
const memorySchema = z.strictObject({
  /** Memory that a loaded session adds to its host. */
  residentBytes: positive,
  /** Memory that a run adds at its peak, for each pixel of the input tile. */
  bytesPerInputPixel: positive,
});

const entrySchema = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "letters, digits, `.`, `_` and `-`, at most 64"),
  task: z.enum(["upscale", "matte"]),
  /** Output side over input side; 1 for mattes. */
  scale: z.int().min(1).max(16),
  file: z
    .string()
    .regex(/^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._/-]*\.onnx$/, "a relative path to an .onnx file without `..`"),
  sha256: z
    .string()
    .regex(/^[0-9a-f]{64}$/, "64 lower-case hex digits")
    .nullable(),
  sizeBytes: positive.nullable(),
  /** Where the publisher has it. It is also the only source of an entry without `sources`, if it is an ONNX file. */
  sourceUrl: z.url({ protocol: /^https?$/ }).nullable(),
  /** Where the file can be pulled from, preferred first. */
  sources: z.array(sourceSchema).max(8).default([]),
  licence: z.string().min(1),
  /** Doubts about the licence of the weights; null if none is known. */
  licenceNote: z.string().min(1).max(1_000).nullable().default(null),
  /** What the weights were trained on; null if it is not known. */
  trainedOn: z.string().min(1).max(1_000).nullable().default(null),
  input: inputSchema,
  output: outputSchema,
  /** Pixels of context a tile gets on each side that is not a border of the picture. */
  haloPx: z.int().min(0).max(1024),
  /** How far, in input pixels on each side, a pixel of the result depends on the input; null if unbounded. */
  receptiveRadiusPx: z.int().min(0).nullable(),
  /** Sides of an input tile must be multiples of this. */
  sizeMultiple: z.int().min(1).max(256).default(1),
  workClass: z.enum(["light", "heavy", "exclusive"]),
  /** Largest input tiles, halo included, preferred first: 1024 stands for the pixels of 1024 by 1024. */
  preferredTilesPx: z.array(z.int().min(16).max(8192)).min(1),
  memory: memorySchema,
  /** Name of an upscaler of the same scale that keeps more noise: results of the two are mixed for a denoise strength. */
  denoisePair: z.string().min(1).nullable().default(null),
  /** Whether it is preferred for its task and scale. */
  default: z.boolean().default(false),
});

const outlineSchema = z.strictObject({ version: z.literal(1), models: z.array(z.unknown()) });

/** One model as a manifest describes it. Sides in pixels, sizes in bytes. */
export type ModelEntry = Readonly<z.infer<typeof entrySchema>>;

/** The task of a model. */
export type ModelTask = ModelEntry["task"];

/** How much of a device a run of the model takes; see docs/explanation/memory-admission.md. */
export type ModelClass = ModelEntry["workClass"];

/**
 * Parses and checks the entries of a manifest. Throws one INVALID_ARGUMENT with every mistake and its field. The text begins
 * with `origin`, the file's path.
 */
export function parseManifest(text: string, origin: string): readonly ModelEntry[] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new AppError("INVALID_ARGUMENT", `${origin}: Expected JSON, got something else`, { cause });
  }
  const outline = outlineSchema.safeParse(json);
  const models = outline.success ? outline.data.models.map((model) => entrySchema.safeParse(model)) : [];
  const entries = models.map((model) => model.data);
  const mistakes = [
    ...toViolations(outline, []),
    ...models.flatMap((model, index) => toViolations(model, ["models", index])),
    ...entries.flatMap((entry, index) => (entry ? toMistakes(entry, index, entries) : [])),
  ];
  if (mistakes.length > 0) {
    const list = mistakes.map((mistake) => `${mistake.field}: ${mistake.description}`).join("; ");
    throw new AppError("INVALID_ARGUMENT", `${origin}: ${list}`, { fields: mistakes });
  }
  return entries.filter((entry) => entry !== undefined);
}

function toViolations({ error }: z.ZodSafeParseResult<unknown>, place: readonly PropertyKey[]): FieldViolation[] {
  const issues = error?.issues ?? [];
  return issues.map((issue) => ({ field: toPath([...place, ...issue.path]), description: issue.message }));
}

/** Checks the rules between fields and between entries, which no field's schema can check. */
function toMistakes(entry: ModelEntry, index: number, all: readonly (ModelEntry | undefined)[]): FieldViolation[] {
  const at = (field: string, description: string) => ({ field: `models[${index}].${field}`, description });
  const mistakes: FieldViolation[] = [];
  if (all.findIndex((other) => other?.name === entry.name) !== index) {
    mistakes.push(at("name", `Expected each name once, got \`${entry.name}\` again`));
  }
  if (entry.task === "matte" && entry.scale !== 1) {
    mistakes.push(at("scale", `Expected 1 for a matte, got \`${entry.scale}\``));
  }
  const otherFile = entry.sources.findIndex(({ sha256 }) => sha256 !== (entry.sha256 ?? entry.sources[0]?.sha256));
  if (otherFile >= 0) {
    const owner = entry.sha256 === null ? "the other sources" : "the entry";
    mistakes.push(at(`sources[${otherFile}].sha256`, `Expected the sha256 of ${owner}`));
  }
  const { fixedSizePx, openSizePx } = entry.input;
  if (entry.task === "matte" && (fixedSizePx === null) === (openSizePx === null)) {
    const got = fixedSizePx === null ? "neither" : "both";
    mistakes.push(at("input", `Expected a matte to have fixedSizePx or openSizePx, got \`${got}\``));
  }
  if (entry.task === "upscale" && openSizePx !== null) {
    mistakes.push(at("input.openSizePx", "Expected null for an upscaler, got a rule"));
  }
  const pair = all.find((other) => other?.name === entry.denoisePair);
  if (pair && (pair === entry || pair.task !== entry.task || pair.scale !== entry.scale)) {
    mistakes.push(
      at("denoisePair", `Expected another ${entry.task} model of scale ${entry.scale}, got \`${pair.name}\``),
    );
  }
  const smallestTile = Math.min(...entry.preferredTilesPx);
  if (entry.input.fixedSizePx === null && smallestTile <= 2 * entry.haloPx + entry.sizeMultiple) {
    mistakes.push(at("preferredTilesPx", `Expected tiles of more than twice the halo, got \`${smallestTile}\``));
  }
  return mistakes;
}

function toPath(path: readonly PropertyKey[]): string {
  return path
    .map((part, at) => (typeof part === "number" ? `[${part}]` : `${at === 0 ? "" : "."}${String(part)}`))
    .join("");
}
