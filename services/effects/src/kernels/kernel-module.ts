import { readFileSync } from "node:fs";

/**
 * The kernels of one file `kernels/NAME.ts`: `K` are its functions. Modules of one space share its memory, so a module has neither globals nor static
 * data.
 */
export type KernelModule<K> = {
  /** Creates its functions over a memory. The first call compiles the module. */
  instantiate(memory: WebAssembly.Memory): K;
};

/** Names the kernels of `kernels/NAME.ts`, compiled as `src/kernels/NAME.wasm`. Nothing is read before the first use. */
export function defineKernels<K extends object>(name: string): KernelModule<K> {
  let compiled: WebAssembly.Module | undefined;
  return {
    instantiate(memory) {
      compiled ??= new WebAssembly.Module(readFileSync(new URL(`./${name}.wasm`, import.meta.url)));
      return new WebAssembly.Instance(compiled, { env: { memory } }).exports as K;
    },
  };
}
