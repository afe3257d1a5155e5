import { AppError } from "@pixelmesh/errors";
import type { AvailableModel, ModelEntry, ModelTask, OnnxFile, TensorFacts } from "@pixelmesh/inference";

/** Facts about a model that its file does not contain. */
export type Hints = {
  readonly name: string;
  readonly task: ModelTask;
  readonly licence: string;
  readonly range?: "unit" | "byte";
  readonly mean?: readonly [number, number, number];
  readonly std?: readonly [number, number, number];
  /** The size for a matte model that takes any size. */
  readonly matteSizePx: number;
};

/** Mean and deviation of ImageNet, with which U²-Net and most matte models were trained. */
const matteMean: [number, number, number] = [0.485, 0.456, 0.406];
const matteStd: [number, number, number] = [0.229, 0.224, 0.225];

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
  const matteSize = isFixed ? { widthPx, heightPx } : { widthPx: hints.matteSizePx, heightPx: hints.matteSizePx };
  const isMatte = task === "matte";
  const range = hints.range ?? "unit";
  return {
    name,
    task,
    scale: 1,
    file: `${name}.onnx`,
    sha256: null,
    sizeBytes: null,
    sourceUrl: null,
    licence: hints.licence,
    input: {
      name: tensor.name,
      layout,
      channels,
      range,
      divideByMax: isMatte && range === "unit",
      mean: toTriple(hints.mean) ?? (isMatte ? matteMean : null),
      std: toTriple(hints.std) ?? (isMatte ? matteStd : null),
      fixedSizePx: isMatte ? matteSize : null,
    },
    output: { name: chooseOutput(onnx.outputs).name, layout, range: isMatte ? "unit" : range, sigmoid: false },
    haloPx: 0,
    receptiveRadiusPx: null,
    sizeMultiple: 1,
    workClass: "light",
    preferredTilesPx: isMatte ? [Math.max(16, matteSize.widthPx, matteSize.heightPx)] : [64],
    memory: { residentBytes: 1, bytesPerInputPixel: 1 },
    denoisePair: null,
    default: false,
  };
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
