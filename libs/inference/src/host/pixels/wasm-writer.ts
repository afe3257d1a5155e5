/**
 * Writes the few parts of a WebAssembly module that loops over 128-bit vectors need, as bytes. Numbers are those of the
 * core specification 2.0 (webassembly.github.io/spec/core/binary).
 */

/** Types of parameters and locals. */
export const wasmType = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;

/** A function without results; `body` are its instructions without the end. */
export type WasmFunction = {
  readonly name: string;
  readonly params: readonly number[];
  readonly locals: readonly number[];
  readonly body: readonly number[];
};

const importKind = { memory: 0x02 };
const exportKind = { function: 0x00 };
const sections = { type: 1, import: 2, function: 3, export: 7, code: 10 };

/** A module of these functions over a memory that it imports as `host.memory`. */
export function writeWasmModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ params }) => [0x60, ...list(params.map((type) => [type])), 0]);
  const memory = [...text("host"), ...text("memory"), importKind.memory, 0x00, ...unsigned(1)];
  const exported = functions.map(({ name }, at) => [...text(name), exportKind.function, ...unsigned(at)]);
  const codes = functions.map(({ locals, body }) => {
    const code = [...list(locals.map((type) => [1, type])), ...body, 0x0b];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(sections.type, types),
    ...section(sections.import, [memory]),
    ...section(
      sections.function,
      functions.map((_, at) => unsigned(at)),
    ),
    ...section(sections.export, exported),
    ...section(sections.code, codes),
  ]);
}

/** A non-negative integer in LEB128. */
export function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** An integer in signed LEB128. */
function signed(value: number): number[] {
  return value >= -0x40 && value < 0x40 ? [value & 0x7f] : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

function list(items: readonly (readonly number[])[]): number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function section(id: number, items: readonly (readonly number[])[]): number[] {
  const content = list(items);
  return [id, ...unsigned(content.length), ...content];
}

function text(value: string): number[] {
  return list([...Buffer.from(value)].map((byte) => [byte]));
}

const simd = (code: number): number[] => [0xfd, ...unsigned(code)];

/** The instructions, by their names in the specification. */
export const wasm = {
  get: (local: number) => [0x20, ...unsigned(local)],
  set: (local: number) => [0x21, ...unsigned(local)],
  tee: (local: number) => [0x22, ...unsigned(local)],
  i32Const: (value: number) => [0x41, ...signed(value)],
  i32Add: [0x6a],
  /** Repeats `body` as long as it leaves something other than 0. */
  repeatWhile: (body: readonly number[]) => [0x03, 0x40, ...body, 0x0d, 0, 0x0b],
  v128Load: (offset: number) => [...simd(0), 0, ...unsigned(offset)],
  v128Store: (offset: number) => [...simd(11), 0, ...unsigned(offset)],
  f64Const: (value: number) => [0x44, ...new Uint8Array(Float64Array.of(value).buffer)],
  f64Div: [0xa3],
  f32Demote: [0xb6],
  v128And: simd(78),
  /** Bytes of two vectors, the first's as 0 to 15, the second's as 16 to 31. */
  shuffle: (lanes: readonly number[]) => [...simd(13), ...lanes],
  f32x4Splat: simd(19),
  f32x4Eq: simd(65),
  f32x4Pmin: simd(234),
  f32x4Pmax: simd(235),
  f64x2Splat: simd(20),
  f64x2PromoteLow: simd(95),
  f64x2Add: simd(240),
  f64x2Mul: simd(242),
  i16x8NarrowI32x4: simd(133),
  u8x16NarrowI16x8: simd(102),
} as const;
