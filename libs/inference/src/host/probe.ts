import { toOnnxBytes } from "./onnx-writer.ts";

const features = 8;
const tap = (out: number, channel: number, at: number) => Math.sin(1 + out * 27 + channel * 9 + at) / 4;
const weights = Float32Array.from({ length: features * 27 }, (_, i) =>
  tap(Math.floor(i / 27), Math.floor(i / 9) % 3, i % 9),
);

/** Side of the square probe tile. */
export const probeSizePx = 24;

/** A 3×3 convolution from 3 to 8 channels and a ReLU: upscalers spend most of their time in these operators. */
export const probeModel: Uint8Array = toOnnxBytes({
  inputs: [{ name: "x", shape: [1, 3, "height", "width"] }],
  outputs: [{ name: "y", shape: [1, features, "height", "width"] }],
  constants: [{ name: "w", dims: [features, 3, 3, 3], data: weights }],
  nodes: [
    { operator: "Conv", inputs: ["x", "w"], outputs: ["c"], attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] } },
    { operator: "Relu", inputs: ["c"], outputs: ["y"] },
  ],
});

/** Samples of a tile without flat areas, 0 to 1. */
export function probeTile(length: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => 0.5 + 0.5 * Math.sin(i * 0.7 + (i % 13)));
}

/** The expected output of the probe model for `probeTile`, computed by loops. */
export function expectedProbe(): Float32Array {
  const side = probeSizePx;
  const input = probeTile(3 * side * side);
  const output = new Float32Array(features * side * side);
  for (let out = 0; out < features; out++) {
    for (let y = 0; y < side; y++) {
      for (let x = 0; x < side; x++) {
        output[(out * side + y) * side + x] = Math.max(0, convolveAt(input, out, x, y));
      }
    }
  }
  return output;
}

function convolveAt(input: Float32Array, out: number, x: number, y: number): number {
  const side = probeSizePx;
  let sum = 0;
  for (let channel = 0; channel < 3; channel++) {
    for (let at = 0; at < 9; at++) {
      const row = y + Math.floor(at / 3) - 1;
      const column = x + (at % 3) - 1;
      if (row < 0 || column < 0 || row >= side || column >= side) continue;
      sum += (input[(channel * side + row) * side + column] ?? 0) * tap(out, channel, at);
    }
  }
  return sum;
}
