/**
 * Writes the parts of an ONNX file that a small graph needs, as protobuf bytes. Field numbers are those of
 * onnx/onnx.proto (IR version 8); wire format as in protobuf.dev/programming-guides/encoding.
 */

type Bytes = Uint8Array;

/** A dimension: its size, or the name of a dimension of any size. */
export type OnnxDimension = number | string;

/** A float tensor of the graph's inputs or outputs; `shape` is null if even the rank is open. */
export type OnnxValue = {
  readonly name: string;
  readonly shape: readonly OnnxDimension[] | null;
  readonly elementType?: number;
};

/** A constant of the graph. */
export type OnnxConstant = {
  readonly name: string;
  readonly dims: readonly number[];
  /** The samples, or the location of a file with them. */
  readonly data: Float32Array | BigInt64Array | { readonly location: string };
};

/** The value of an operator's attribute. */
export type OnnxAttribute = number | string | readonly number[] | OnnxConstant | OnnxGraph;

/** An operator. */
export type OnnxNode = {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
};

/** A graph of operators of opset 13. */
export type OnnxGraph = {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly OnnxConstant[];
  readonly nodes: readonly OnnxNode[];
};

const floatType = 1;
const int64Type = 7;
const locationExternal = 1;
const attributeInt = 2;
const attributeString = 3;
const attributeTensor = 4;
const attributeGraph = 5;
const attributeInts = 7;

/** Returns the bytes of an ONNX file with this graph. */
export function toOnnxBytes(graph: OnnxGraph): Uint8Array {
  return message(integer(1, 8), nested(7, toBody(graph)), nested(8, integer(2, 13)));
}

function toBody(graph: OnnxGraph): Bytes {
  return message(
    ...graph.nodes.map((node) => nested(1, toNode(node))),
    text(2, "graph"),
    ...graph.constants.map((constant) => nested(5, toTensor(constant))),
    ...graph.inputs.map((value) => nested(11, toValueInfo(value))),
    ...graph.outputs.map((value) => nested(12, toValueInfo(value))),
  );
}

function toNode(node: OnnxNode): Bytes {
  return message(
    ...node.inputs.map((name) => text(1, name)),
    ...node.outputs.map((name) => text(2, name)),
    text(4, node.operator),
    ...Object.entries(node.attributes ?? {}).map(([name, value]) => nested(5, toAttribute(name, value))),
  );
}

function toAttribute(name: string, value: OnnxAttribute): Bytes {
  if (typeof value === "number") return message(text(1, name), integer(3, value), integer(20, attributeInt));
  if (typeof value === "string") return message(text(1, name), text(4, value), integer(20, attributeString));
  if ("nodes" in value) return message(text(1, name), nested(6, toBody(value)), integer(20, attributeGraph));
  if ("dims" in value) return message(text(1, name), nested(5, toTensor(value)), integer(20, attributeTensor));
  return message(text(1, name), ...value.map((item) => integer(8, item)), integer(20, attributeInts));
}

function toTensor(constant: OnnxConstant): Bytes {
  const { dims, name, data } = constant;
  const head = message(
    ...dims.map((size) => integer(1, size)),
    integer(2, data instanceof BigInt64Array ? int64Type : floatType),
    text(8, name),
  );
  if ("location" in data) {
    return message(
      head,
      nested(13, message(text(1, "location"), text(2, data.location))),
      integer(14, locationExternal),
    );
  }
  return message(head, nested(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength)));
}

function toValueInfo(value: OnnxValue): Bytes {
  const dimensions = value.shape?.map((size) => nested(1, typeof size === "number" ? integer(1, size) : text(2, size)));
  const shape = dimensions === undefined ? [] : [nested(2, message(...dimensions))];
  const tensor = message(integer(1, value.elementType ?? floatType), ...shape);
  return message(text(1, value.name), nested(2, nested(1, tensor)));
}

function message(...fields: readonly Bytes[]): Bytes {
  return Buffer.concat(fields);
}

function integer(field: number, value: number): Bytes {
  return message(varint(field << 3), varint(value));
}

function text(field: number, value: string): Bytes {
  return nested(field, Buffer.from(value));
}

function nested(field: number, content: Bytes): Bytes {
  return message(varint((field << 3) | 2), varint(content.length), content);
}

function varint(value: number): Bytes {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest & 127) | 128);
    rest = Math.floor(rest / 128);
  }
  return Uint8Array.from([...bytes, rest]);
}
