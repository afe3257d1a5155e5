/** Builds the WebAssembly kernels of libs/inference from their text. Run after a change of a .wat file: node scripts/build-wasm.ts */
import { writeFileSync } from "node:fs";
import { buildKernels, kernelsWasm } from "../libs/inference/test/build-kernels.ts";

const bytes = await buildKernels();
writeFileSync(kernelsWasm, bytes);
console.log(`built ${kernelsWasm} (${bytes.length} bytes)`);
