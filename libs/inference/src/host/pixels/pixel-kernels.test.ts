import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { buildKernels, kernelsWasm } from "../../../test/build-kernels.ts";

test("the committed pixel-kernels.wasm is what pixel-kernels.wat builds", async () => {
  const built = await buildKernels();
  const message = "Run: node scripts/build-wasm.ts";
  expect(Buffer.compare(readFileSync(kernelsWasm), built), message).toBe(0);
});
