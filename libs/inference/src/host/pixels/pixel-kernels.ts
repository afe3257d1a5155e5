import { type WasmFunction, wasm, wasmType, writeWasmModule } from "./wasm-writer.ts";

/** Samples or pixels that a kernel takes at once. */
export const kernelStep = 16;

/** Bytes at `facts`: the least and the most of four lanes each, and which lanes had no NaN (all bits set). */
export const factsBytes = 48;

/**
 * Loops over a memory with the processor's vectors: addresses and `stride` in bytes, `count` a positive multiple of `kernelStep`.
 * Each sample is clamped to 0 to 255 / `scale`, multiplied by `scale`, 255 or 1, and rounded half up, exactly; NaN becomes 0. What
 * was seen of the samples before is added to what is at `facts`.
 */
export type PixelKernels = {
  /** `count` samples as they lie. */
  readonly toBytes: (from: number, count: number, to: number, scale: number, facts: number) => void;
  /** `count` pixels from three planes that are `stride` apart, interleaved. */
  readonly toRgb: (from: number, stride: number, count: number, to: number, scale: number, facts: number) => void;
};

const { i32, f64, v128 } = wasmType;
const { get, set, tee } = wasm;

/** Local vectors of a kernel: what is seen, the vector in hand, and constants. */
const vectors = ["least", "most", "sound", "loaded", "scales", "tie", "magic", "zero", "top"] as const;
type Locals = Readonly<Record<(typeof vectors)[number], number>>;

/** Numbers of the local vectors behind so many parameters. */
function numberLocals(params: number): Locals {
  return Object.fromEntries(vectors.map((name, at) => [name, params + at])) as Locals;
}

const upperHalf = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
const lowWords = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];

/**
 * Two clamped floats become two integers in the low words of doubles: added to 2^52, a double has no room for a fraction and is
 * rounded to even. A float times 255 is either a tie or farther from one than 2^-33, so 2^-40 decides ties, and only ties, upwards.
 */
function roundTwo(at: Locals): number[] {
  return [
    ...[...wasm.f64x2PromoteLow, ...get(at.scales), ...wasm.f64x2Mul],
    ...[...get(at.tie), ...wasm.f64x2Add, ...get(at.magic), ...wasm.f64x2Add],
  ];
}

/** Four floats at `address` + `offset` become four integers on the stack. */
function convertFour(address: readonly number[], offset: number, at: Locals): number[] {
  return [
    ...[...address, ...wasm.v128Load(offset), ...set(at.loaded)],
    // Both keep their first operand where the second is NaN.
    ...[...get(at.least), ...get(at.loaded), ...wasm.f32x4Pmin, ...set(at.least)],
    ...[...get(at.most), ...get(at.loaded), ...wasm.f32x4Pmax, ...set(at.most)],
    ...[...get(at.sound), ...get(at.loaded), ...get(at.loaded), ...wasm.f32x4Eq, ...wasm.v128And, ...set(at.sound)],
    ...[...get(at.zero), ...get(at.loaded), ...wasm.f32x4Pmax, ...set(at.loaded)],
    ...[...get(at.top), ...get(at.loaded), ...wasm.f32x4Pmin, ...tee(at.loaded), ...roundTwo(at)],
    ...[...get(at.loaded), ...get(at.loaded), ...wasm.shuffle(upperHalf), ...roundTwo(at)],
    ...wasm.shuffle(lowWords),
  ];
}

/** Sixteen floats at `address` become sixteen bytes on the stack. */
function convertStep(address: readonly number[], at: Locals): number[] {
  const four = (index: number) => convertFour(address, 16 * index, at);
  return [
    ...[...four(0), ...four(1), ...wasm.i16x8NarrowI32x4, ...four(2), ...four(3), ...wasm.i16x8NarrowI32x4],
    ...wasm.u8x16NarrowI16x8,
  ];
}

/** A kernel: its loop between the constants it needs and the facts that it reads and writes. */
function toKernel(
  name: string,
  params: readonly number[],
  { facts, scale, extra }: { readonly facts: number; readonly scale: number; readonly extra: number },
  loop: (at: Locals, firstExtra: number) => readonly number[],
): WasmFunction {
  const at = numberLocals(params.length);
  const held = [at.least, at.most, at.sound];
  const locals = Array.from({ length: vectors.length + extra }, () => v128);
  const body = [
    ...[...get(scale), ...wasm.f64x2Splat, ...set(at.scales)],
    ...[...wasm.f64Const(2 ** -40), ...wasm.f64x2Splat, ...set(at.tie)],
    ...[...wasm.f64Const(2 ** 52), ...wasm.f64x2Splat, ...set(at.magic)],
    ...[...wasm.f64Const(255), ...get(scale), ...wasm.f64Div, ...wasm.f32Demote, ...wasm.f32x4Splat, ...set(at.top)],
    ...held.flatMap((local, index) => [...get(facts), ...wasm.v128Load(16 * index), ...set(local)]),
    ...wasm.repeatWhile(loop(at, params.length + vectors.length)),
    ...held.flatMap((local, index) => [...get(facts), ...get(local), ...wasm.v128Store(16 * index)]),
  ];
  return { name, params, locals, body };
}

const advance = (local: number, bytes: number) => [
  ...get(local),
  ...wasm.i32Const(bytes),
  ...wasm.i32Add,
  ...set(local),
];

/** Counts down, and leaves what is left for the loop to ask. */
const countDown = (count: number) => [...get(count), ...wasm.i32Const(-kernelStep), ...wasm.i32Add, ...tee(count)];

function toBytesKernel(): WasmFunction {
  const [from, count, to, scale, facts] = [0, 1, 2, 3, 4];
  return toKernel("toBytes", [i32, i32, i32, f64, i32], { facts, scale, extra: 0 }, (at) => [
    ...[...get(to), ...convertStep(get(from), at), ...wasm.v128Store(0)],
    ...[...advance(from, 4 * kernelStep), ...advance(to, kernelStep), ...countDown(count)],
  ]);
}

/** Where the bytes of the `part`-th 16 of 48 come from: red and green from two planes, then what is there and blue. */
function interleave(part: number): { readonly redGreen: number[]; readonly withBlue: number[] } {
  const lanes = Array.from({ length: 16 }, (_, lane) => ({ lane, sample: 16 * part + lane }));
  return {
    redGreen: lanes.map(({ sample }) => (sample % 3 === 2 ? 0 : Math.floor(sample / 3) + 16 * (sample % 3))),
    withBlue: lanes.map(({ lane, sample }) => (sample % 3 === 2 ? 16 + Math.floor(sample / 3) : lane)),
  };
}

function toRgbKernel(): WasmFunction {
  const [from, stride, count, to, scale, facts] = [0, 1, 2, 3, 4, 5];
  const nextPlane = [...get(stride), ...wasm.i32Add];
  return toKernel("toRgb", [i32, i32, i32, i32, f64, i32], { facts, scale, extra: 3 }, (at, red) => {
    const [green, blue] = [red + 1, red + 2];
    return [
      ...[...convertStep(get(from), at), ...set(red)],
      ...[...convertStep([...get(from), ...nextPlane], at), ...set(green)],
      ...[...convertStep([...get(from), ...nextPlane, ...nextPlane], at), ...set(blue)],
      ...[0, 1, 2].flatMap((part) => {
        const { redGreen, withBlue } = interleave(part);
        return [
          ...[...get(to), ...get(red), ...get(green), ...wasm.shuffle(redGreen)],
          ...[...get(blue), ...wasm.shuffle(withBlue), ...wasm.v128Store(16 * part)],
        ];
      }),
      ...[...advance(from, 4 * kernelStep), ...advance(to, 3 * kernelStep), ...countDown(count)],
    ];
  });
}

const module = new WebAssembly.Module(writeWasmModule([toBytesKernel(), toRgbKernel()]));

/** The kernels over a memory. */
export function createPixelKernels(memory: WebAssembly.Memory): PixelKernels {
  return new WebAssembly.Instance(module, { host: { memory } }).exports as PixelKernels;
}
