import { readFileSync } from "node:fs";

/** Samples or pixels that a kernel converts at once. */
export const kernelStep = 16;

/** Bytes at `facts`: the least and the most of four lanes each, and which lanes had no NaN (all bits set). */
export const factsBytes = 48;

/**
 * Loops over a memory with vector instructions, from `pixel-kernels.wat`. Addresses and `stride` are in bytes, `count` is a
 * positive multiple of `kernelStep`. Each sample is clamped to 0 to 255 / `scale`, multiplied by `scale`, 255 or 1, and rounded
 * half up, exactly; NaN becomes 0. The kernels update the facts at `facts` with the samples before the conversion.
 */
export type PixelKernels = {
  /** Converts `count` samples in their order. */
  readonly toBytes: (from: number, count: number, to: number, scale: number, facts: number) => void;
  /** Converts `count` pixels of three planes, which are `stride` apart, to interleaved bytes. */
  readonly toRgb: (from: number, stride: number, count: number, to: number, scale: number, facts: number) => void;
};

// `make dist` copies the file beside the compiled module.
const module = new WebAssembly.Module(readFileSync(new URL("./pixel-kernels.wasm", import.meta.url)));

/** Creates the kernels over a memory. */
export function createPixelKernels(memory: WebAssembly.Memory): PixelKernels {
  return new WebAssembly.Instance(module, { host: { memory } }).exports as PixelKernels;
}
