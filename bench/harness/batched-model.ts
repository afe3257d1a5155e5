import { readFileSync } from "node:fs";

/** A model whose declared batch of one can be replaced by another one. */
export type SquareModel = {
  readonly path: string;
  /** Side of its input and of its matte, in px, 128 to 16,383. */
  readonly sidePx: number;
  /** Names of constants that hold the batch as one 64-bit integer inside the graph. */
  readonly batchConstants: readonly string[];
};

/**
 * Returns the bytes of a model with a batch of `batch` pictures (1 to 127) instead of one. A dimension of 1 and one of 127 take the same bytes in a
 * protobuf message (ONNX IR, `TensorShapeProto.Dimension.dim_value`), so each is replaced in its place. Throws if the file declares other shapes.
 */
export function withBatch({ path, sidePx, batchConstants }: SquareModel, batch: number): Uint8Array {
  const file = readFileSync(path);
  const side = [0x0a, 3, 8, (sidePx & 127) | 128, sidePx >> 7];
  for (const channels of [3, 1]) {
    const shape = Buffer.from([0x0a, 2, 8, 1, 0x0a, 2, 8, channels, ...side, ...side]);
    const places = findAll(file, shape);
    if (places.length === 0) throw new Error(`Expected ${path} to declare 1×${channels}×${sidePx}×${sidePx}`);
    for (const at of places) file[at + 3] = batch;
  }
  for (const name of batchConstants) {
    // The node names its output, then holds a tensor of one element, of type INT64, as raw bytes.
    const at = file.indexOf(
      Buffer.from([0x0a, 5, ...Buffer.from("value"), 0x2a, 0x0e, 8, 1, 0x10, 7, 0x4a, 8, 1]),
      file.indexOf(name),
    );
    if (at < 0 || at - file.indexOf(name) > 100) throw new Error(`Expected ${path} to hold the constant ${name}`);
    file[at + 15] = batch;
  }
  return file;
}

function findAll(file: Buffer, bytes: Buffer): number[] {
  const places: number[] = [];
  for (let at = file.indexOf(bytes); at >= 0; at = file.indexOf(bytes, at + 1)) places.push(at);
  return places;
}
