import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openWabt from "wabt";

const source = fileURLToPath(new URL("../src/host/pixels/pixel-kernels.wat", import.meta.url));

/** Path of the built kernels. */
export const kernelsWasm = fileURLToPath(new URL("../src/host/pixels/pixel-kernels.wasm", import.meta.url));

/** Builds and validates `pixel-kernels.wat`. Returns the bytes of the WebAssembly module. Throws on a mistake in the source. */
export async function buildKernels(): Promise<Uint8Array> {
  const wabt = await openWabt();
  const parsed = wabt.parseWat(source, readFileSync(source, "utf8"), { simd: true });
  try {
    parsed.validate();
    return parsed.toBinary({}).buffer;
  } finally {
    parsed.destroy();
  }
}
