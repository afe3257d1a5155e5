import type { ModelEntry } from "./manifest.ts";
import type { OnnxFile, TensorFacts } from "./onnx-file.ts";

/** Inputs and outputs of a model, read from its file or from a session. */
export type Signature = Pick<OnnxFile, "inputs" | "outputs">;

/** Names of the tensors that are used. */
export type TensorNames = { readonly input: string; readonly output: string };

type Described = Pick<ModelEntry, "input" | "output" | "task">;

/** Returns the tensors that an entry names, else the first input and output. */
export function toTensorNames({ inputs, outputs }: Signature, { input, output }: Described): TensorNames {
  return { input: input.name ?? inputs[0]?.name ?? "", output: output.name ?? outputs[0]?.name ?? "" };
}

/**
 * Compares names, element types and shapes of a model with its entry. Returns the first mismatch, for people, or null. An empty
 * shape of a session counts as open: ONNX Runtime reports the same for a scalar.
 */
export function findMismatch(signature: Signature, entry: Described): string | null {
  const { inputs, outputs } = signature;
  const names = toTensorNames(signature, entry);
  if (inputs.length !== 1 || inputs[0]?.name !== names.input) {
    return mismatch("inputs", names.input || "one", inputs.map(({ name }) => name).join(", "));
  }
  const output = outputs.find(({ name }) => name === names.output);
  if (output === undefined) return mismatch("output", names.output, outputs.map(({ name }) => name).join(", "));
  return checkInput(inputs[0], entry) ?? checkOutput(output);
}

function checkInput(tensor: TensorFacts, { input }: Described): string | null {
  if (tensor.type !== "float32") return mismatch("input type", "float32", tensor.type);
  if (tensor.shape?.length !== 4) return mismatch("input rank", "4", toShapeText(tensor.shape));
  const size = input.fixedSizePx;
  const channels = input.channels === "rgb" ? 3 : 1;
  // Null stands for a side that must be open.
  const [height, width] = size ? [size.heightPx, size.widthPx] : [null, null];
  const wanted = input.layout === "nchw" ? [1, channels, height, width] : [1, height, width, channels];
  const fits = tensor.shape.every((dim, at) => typeof dim !== "number" || dim === wanted[at]);
  const form = wanted.map((dim) => dim ?? "any").join("×");
  return fits ? null : mismatch("input shape", form, toShapeText(tensor.shape));
}

/** Many files leave the shape of their output open or declare a wrong one. The probe run checks it. */
function checkOutput({ type, shape }: TensorFacts): string | null {
  if (type !== "float32") return mismatch("output type", "float32", type);
  return shape === null || shape.length === 0 || shape.length === 4
    ? null
    : mismatch("output rank", "4", toShapeText(shape));
}

function toShapeText(shape: TensorFacts["shape"]): string {
  return shape === null || shape.length === 0 ? "open" : shape.join("×");
}

function mismatch(what: string, form: string, got: string): string {
  return `Expected the model's ${what} to be ${form}, got \`${got.slice(0, 120)}\``;
}
