import type { ModelEntry } from "./manifest.ts";
import type { OnnxFile, TensorFacts } from "./onnx-file.ts";

/** What a model takes and gives, by its file or by a session. */
export type Signature = Pick<OnnxFile, "inputs" | "outputs">;

/** The tensors that are used. */
export type TensorNames = { readonly input: string; readonly output: string };

type Described = Pick<ModelEntry, "input" | "output" | "task">;

/** The names of the tensors that an entry uses: its own, else the first there is. */
export function toTensorNames({ inputs, outputs }: Signature, { input, output }: Described): TensorNames {
  return { input: input.name ?? inputs[0]?.name ?? "", output: output.name ?? outputs[0]?.name ?? "" };
}

/**
 * What about a model is not as its entry says, for people; null where nothing is, as far as names, element types and
 * shapes tell. A session's empty shape counts as open: ONNX Runtime does not tell it from a scalar's.
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
  // Null: a side that has to be open.
  const [height, width] = size ? [size.heightPx, size.widthPx] : [null, null];
  const wanted = input.layout === "nchw" ? [1, channels, height, width] : [1, height, width, channels];
  const fits = tensor.shape.every((dim, at) => typeof dim !== "number" || dim === wanted[at]);
  const form = wanted.map((dim) => dim ?? "any").join("×");
  return fits ? null : mismatch("input shape", form, toShapeText(tensor.shape));
}

/** Many files leave the shape of their output open, or call it by wrong numbers: the probe run tells it. */
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
