import { closeSync, fstatSync, openSync, statSync } from "node:fs";
import { createFileWindow, type FileWindow } from "./file-window.ts";
import { type Field, type FieldBudget, readFields } from "./protobuf.ts";

/** An input or output tensor of a graph. A dimension is its size, or a name if any size is allowed; null if the rank is open. */
export type TensorFacts = {
  readonly name: string;
  /** ONNX's name of the element type, such as `float32`. */
  readonly type: string;
  readonly shape: readonly (number | string)[] | null;
};

/** Inputs, outputs and external data of an ONNX file. */
export type OnnxFile = {
  readonly inputs: readonly TensorFacts[];
  readonly outputs: readonly TensorFacts[];
  /** Locations of tensors outside the file, as the file writes them. */
  readonly externalLocations: readonly string[];
};

/** A file that is no ONNX model. The message says for people what it looks like. */
export class NotOnnxError extends Error {
  override readonly name = "NotOnnxError";
}

type Kind = "model" | "graph" | "node" | "attribute" | "tensor" | "sparse" | "function" | "training";

/** Fields that may hold tensors at any depth. Numbers and names as in onnx/onnx.proto. */
const nestedKinds: Readonly<Record<Kind, Readonly<Record<number, Kind>>>> = {
  model: { 7: "graph", 20: "training", 25: "function" },
  graph: { 1: "node", 5: "tensor", 15: "sparse" },
  node: { 5: "attribute" },
  attribute: { 5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse" },
  tensor: {},
  sparse: { 1: "tensor", 2: "tensor" },
  function: { 7: "node", 11: "attribute" },
  training: { 1: "graph", 2: "graph" },
};
const elementTypes = ["undefined", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "string", "bool"];
const moreElementTypes = ["float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16"];

const maxDepth = 64;
const maxFields = 4_000_000;
const maxTextBytes = 4_096;

/**
 * Reads an ONNX file's inputs and outputs and finds data outside it, without reading weights. Runs nothing: it decodes protobuf
 * (onnx/onnx.proto) with limits on depth and fields. Throws NotOnnxError for any other file.
 */
export function readOnnxFile(path: string): OnnxFile {
  // Opening a pipe would block until it has a writer.
  if (!statSync(path).isFile()) throw new NotOnnxError("is no regular file");
  const descriptor = openSync(path, "r");
  try {
    const { size } = fstatSync(descriptor);
    const file = createFileWindow(descriptor, size);
    try {
      return readModel(file, size);
    } catch (error) {
      if (error instanceof RangeError) throw new NotOnnxError(describeOther(file, size), { cause: error });
      throw error;
    }
  } finally {
    closeSync(descriptor);
  }
}

function readModel(file: FileWindow, sizeBytes: number): OnnxFile {
  const budget: FieldBudget = { left: maxFields };
  const fieldsOf = ({ start, end }: { start: number; end: number }) => readFields(file, start, end, budget);
  const textOf = ({ start, end }: { start: number; end: number }) => {
    if (end - start > maxTextBytes) throw new RangeError("a name is too long");
    return file.slice(start, end - start).toString("utf8");
  };
  const inputs: TensorFacts[] = [];
  const outputs: TensorFacts[] = [];
  const constants = new Set<string>();
  const external = new Set<string>();
  let version = 0;
  let graphs = 0;

  const walk = (kind: Kind, start: number, end: number, depth: number): void => {
    if (depth > maxDepth) throw new RangeError("nested too deeply");
    const top = depth === 1 && kind === "graph";
    for (const field of readFields(file, start, end, budget)) {
      if (kind === "model" && field.number === 1 && "value" in field) version = field.value;
      if (kind === "model" && field.number === 7) graphs++;
      if (!("start" in field)) continue;
      if (top && field.number === 11) inputs.push(readTensorFacts(field, fieldsOf, textOf));
      if (top && field.number === 12) outputs.push(readTensorFacts(field, fieldsOf, textOf));
      if (top && field.number === 5) for (const name of textsOf(field, 8)) constants.add(name);
      if (kind === "tensor" && field.number === 13) readExternal(field);
      const next = nestedKinds[kind][field.number];
      if (next) walk(next, field.start, field.end, depth + 1);
    }
  };
  const textsOf = (within: { start: number; end: number }, number: number): string[] =>
    [...fieldsOf(within)].filter(isBytes).flatMap((field) => (field.number === number ? [textOf(field)] : []));
  const readExternal = (entry: { start: number; end: number }) => {
    if (textsOf(entry, 1)[0] === "location") external.add(textsOf(entry, 2)[0] ?? "");
  };

  walk("model", 0, sizeBytes, 0);
  if (version < 1 || graphs !== 1 || inputs.length === 0 || outputs.length === 0) throw new RangeError("no graph");
  // Up to IR version 3, constants were listed as inputs too.
  const taken = inputs.filter(({ name }) => !constants.has(name));
  return { inputs: taken, outputs, externalLocations: [...external] };
}

type Bytes = Extract<Field, { start: number }>;
const isBytes = (field: Field): field is Bytes => "start" in field;

/** A ValueInfoProto: name, and type → tensor type → element type and shape → dimensions. */
function readTensorFacts(
  info: Bytes,
  fieldsOf: (within: Bytes) => Generator<Field>,
  textOf: (bytes: Bytes) => string,
): TensorFacts {
  const inside = (within: Bytes | undefined, number: number): Bytes | undefined =>
    within && [...fieldsOf(within)].filter(isBytes).find((field) => field.number === number);
  const name = inside(info, 1);
  const tensor = inside(inside(info, 2), 1);
  const fields = tensor ? [...fieldsOf(tensor)] : [];
  const element = fields.find((field) => field.number === 1 && "value" in field);
  const shape = fields.filter(isBytes).find((field) => field.number === 2);
  return {
    name: name ? textOf(name) : "",
    type: tensor ? toTypeName(element && "value" in element ? element.value : 0) : "no tensor",
    shape: shape ? [...fieldsOf(shape)].filter(isBytes).map((dim) => toDimension([...fieldsOf(dim)], textOf)) : null,
  };
}

function toDimension(fields: readonly Field[], textOf: (bytes: Bytes) => string): number | string {
  const [field] = fields.filter(({ number }) => number === 1 || number === 2);
  if (field === undefined) return "?";
  // An exporter's -1 is read as 2^64 - 1.
  if ("value" in field) return field.value > 0 && field.value < 2 ** 31 ? field.value : "?";
  return textOf(field) || "?";
}

function toTypeName(element: number): string {
  return [...elementTypes, ...moreElementTypes][element] ?? `element type ${element}`;
}

/** Describes what a file that is no ONNX model looks like, by its first bytes. */
function describeOther(file: FileWindow, sizeBytes: number): string {
  const head = file.slice(0, Math.min(sizeBytes, 512));
  if (sizeBytes === 0) return "is empty";
  if (head[0] === 0x80 && (head[1] ?? 0) <= 5)
    return "is a Python pickle (a PyTorch checkpoint?), no ONNX: convert it first";
  if (head.subarray(0, 4).equals(Buffer.from("PK\u0003\u0004"))) {
    return "is a zip archive (a PyTorch checkpoint?), no ONNX: convert it first";
  }
  if (/^\s*<(!doctype|html|\?xml)/i.test(head.toString("latin1"))) return "is a web page, no ONNX";
  if (head.toString("latin1").startsWith("version https://git-lfs"))
    return "is a Git LFS pointer, no ONNX: fetch the file itself";
  return "is no ONNX model";
}
