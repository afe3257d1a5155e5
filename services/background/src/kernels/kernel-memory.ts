import { readFileSync } from "node:fs";
import { AppError } from "@pixelmesh/errors";

/** Functions of a WebAssembly module, and the memory that they work on. Sources: `kernels/` of this package. */
export type Kernels<Functions> = Functions & {
  /** Makes the memory at least this large. Detaches arrays that were returned before. Throws OUT_OF_MEMORY. */
  readonly reserve: (bytes: number) => void;
  /** Returns the size of the memory. */
  readonly sizeBytes: () => number;
  /** Returns bytes of the memory. They stay valid until it grows. */
  readonly bytes: (address: number, length: number) => Uint8Array<ArrayBuffer>;
  /** Returns floats of the memory. */
  readonly floats: (address: number, length: number) => Float32Array<ArrayBuffer>;
};

const pageBytes = 65_536;

/** Where the memory that a caller lays out begins. The page before it belongs to the compiler of the kernels. */
export const firstAddress = pageBytes;

/** Loads a module `NAME.wasm` of this folder. `make dist` copies it beside the compiled module. */
export function loadModule(name: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
}

/** Creates an instance of a module with memory of its own. */
export function createKernels<Functions extends object>(module: WebAssembly.Module): Kernels<Functions> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const functions = new WebAssembly.Instance(module, { env: { memory } }).exports as Functions;
  return {
    ...functions,
    reserve(bytes) {
      const missing = bytes - memory.buffer.byteLength;
      if (missing <= 0) return;
      try {
        memory.grow(Math.ceil(missing / pageBytes));
      } catch (cause) {
        throw new AppError("OUT_OF_MEMORY", `No memory of ${bytes} bytes for the pixel work of a picture`, { cause });
      }
    },
    sizeBytes: () => memory.buffer.byteLength,
    bytes: (address, length) => new Uint8Array(memory.buffer, address, length),
    floats: (address, length) => new Float32Array(memory.buffer, address, length),
  };
}
