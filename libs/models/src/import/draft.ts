import { AppError } from "@pixelmesh/errors";
import type { AvailableModel, ModelEntry, ModelTask, OnnxFile, TensorFacts } from "@pixelmesh/inference";
import { type MatteFamily, matteFamilies } from "../matte-families.ts";

/** Facts about a model that its file does not contain. */
export type Hints = {
  readonly name: string;
  readonly task: ModelTask;
  readonly licence: string;
  readonly licenceNote: string | null;
  readonly trainedOn: string | null;
  readonly range?: "unit" | "byte";
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
  /** The family of a matte model. Its processing is that of U²-Net without one. */
  readonly family: MatteFamily | undefined;
  /** Side of the square for a matte model that takes any size. Default: as the family says. */
  readonly matteSizePx: number | undefined;
};

/**
 * Drafts an entry from a graph and the user's hints: tensors, layout, channels, size. Scale, halo and memory are measured
 * later. Throws MODEL_INVALID for a graph that no entry can describe.
 */
export function draftEntry(onnx: OnnxFile, hints: Hints): ModelEntry {
  const { task, name } = hints;
  const tensor = onnx.inputs[0];
  if (tensor === undefined || onnx.inputs.length !== 1) {
    throw refuse("one input", onnx.inputs.map((input) => input.name).join(", "));
  }
  if (tensor.type !== "float32") throw refuse("an input of type float32", tensor.type);
  const { layout, channels, sides } = readShape(tensor);
  const [heightPx, widthPx] = sides;
  const isFixed = typeof heightPx === "number" && typeof widthPx === "number";
  const isOpen = typeof heightPx !== "number" && typeof widthPx !== "number";
  if (task === "upscale" && !isOpen) throw refuse("an upscaler that takes any size", sides.join("×"));
  if (task === "matte" && channels !== "rgb") throw refuse("a matte model of RGB pictures", "one channel");
  if (!isFixed && !isOpen) throw refuse("both sides fixed or both open", sides.join("×"));
  const isMatte = task === "matte";
  const family = isMatte ? (hints.family ?? matteFamilies.u2net) : undefined;
  const sizes = family
    ? toMatteSizes(isFixed ? { widthPx, heightPx } : undefined, family, hints.matteSizePx)
    : openSizes;
  const range = hints.range ?? family?.input.range ?? "unit";
  return {
    name,
    task,
    scale: 1,
    file: `${name}.onnx`,
    sha256: null,
    sizeBytes: null,
    sourceUrl: null,
    sources: [],
    licence: hints.licence,
    licenceNote: hints.licenceNote,
    trainedOn: hints.trainedOn,
    input: {
      name: tensor.name,
      layout,
      channels,
      range,
      divideByMax: range === "unit" && (family?.input.divideByMax ?? false),
      mean: toTriple(hints.mean) ?? family?.input.mean ?? null,
      std: toTriple(hints.std) ?? family?.input.std ?? null,
      fixedSizePx: sizes.fixedSizePx,
      openSizePx: sizes.openSizePx,
    },
    output: {
      ...{ name: chooseOutput(onnx.outputs).name, layout, range: isMatte ? "unit" : range },
      ...(family?.output ?? { sigmoid: false, stretch: true }),
    },
    haloPx: 0,
    receptiveRadiusPx: null,
    sizeMultiple: sizes.sizeMultiple,
    workClass: "light",
    preferredTilesPx: sizes.preferredTilesPx,
    memory: { residentBytes: 1, bytesPerInputPixel: 1 },
    denoisePair: null,
    default: false,
  };
}

type Sizes = Pick<ModelEntry["input"], "fixedSizePx" | "openSizePx"> &
  Pick<ModelEntry, "sizeMultiple" | "preferredTilesPx">;

const openSizes: Sizes = { fixedSizePx: null, openSizePx: null, sizeMultiple: 1, preferredTilesPx: [64] };

/** Returns the sizes of a matte model. `fixed` is that of its graph; `sidePx` is the user's, for an open graph. */
function toMatteSizes(
  fixed: { readonly widthPx: number; readonly heightPx: number } | undefined,
  family: MatteFamily,
  sidePx: number | undefined,
): Sizes {
  const { openSizePx, sizeMultiple } = family;
  if (fixed === undefined && sidePx === undefined && openSizePx !== null) {
    return { fixedSizePx: null, openSizePx, sizeMultiple, preferredTilesPx: [family.sidePx] };
  }
  const side = sidePx ?? family.sidePx;
  const { widthPx, heightPx } = fixed ?? { widthPx: side, heightPx: side };
  const preferredTilesPx = [Math.max(16, widthPx, heightPx)];
  return { fixedSizePx: { widthPx, heightPx }, openSizePx: null, sizeMultiple: 1, preferredTilesPx };
}

/** Returns the draft as a model that a host can load. The host takes another `key` for another model. */
export function toCandidate(
  entry: ModelEntry,
  file: { path: string; digest: string; sizeBytes: number },
  key: string,
): AvailableModel {
  return { ...entry, ...file, name: `${entry.name}~${key}` };
}

/** Returns layout, channels and sides of a four-dimensional tensor of one picture. */
function readShape({ shape }: TensorFacts) {
  if (shape?.length !== 4) throw refuse("an input of rank 4", shape === null ? "an open rank" : shape.join("×"));
  const [, second = "?", third = "?", last = "?"] = shape;
  if (second === 1 || second === 3)
    return { layout: "nchw", channels: toChannels(second), sides: [third, last] } as const;
  if (last === 1 || last === 3) return { layout: "nhwc", channels: toChannels(last), sides: [second, third] } as const;
  throw refuse("one or three channels", shape.join("×"));
}

function toChannels(count: 1 | 3): "rgb" | "luminance" {
  return count === 3 ? "rgb" : "luminance";
}

function chooseOutput(outputs: readonly TensorFacts[]): TensorFacts {
  const fits = outputs.find(({ type, shape }) => type === "float32" && (shape === null || shape.length === 4));
  if (fits) return fits;
  throw refuse("an output of type float32 and rank 4", outputs.map(({ name, type }) => `${name}: ${type}`).join(", "));
}

function toTriple(values: Hints["mean"]): [number, number, number] | null {
  return values === undefined ? null : [...values];
}

function refuse(form: string, got: string): AppError {
  return new AppError("MODEL_INVALID", `Expected ${form}, got \`${got.slice(0, 120)}\``);
}
