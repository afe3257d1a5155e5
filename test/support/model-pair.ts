import { createHash } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { type OnnxGraph, toOnnxBytes } from "@pixelmesh/testing/models";

/** Writes two upscalers ×2 as `strong` and `weak`. Returns the manifest that names the second as the first's pair. */
export function writePair(dir: string, strong: OnnxGraph, weak: OnnxGraph): string {
  const entryOf = (name: string, graph: OnnxGraph) => {
    const bytes = toOnnxBytes(graph);
    writeFileSync(join(dir, `${name}.onnx`), bytes);
    return {
      name,
      task: "upscale",
      scale: 2,
      file: `${name}.onnx`,
      sha256: createHash("sha256").update(bytes).digest("hex"),
      sizeBytes: bytes.length,
      sourceUrl: null,
      licence: "Apache-2.0",
      input: { name: "x", layout: "nchw", channels: "rgb", range: "unit" },
      output: { name: "y", layout: "nchw", range: "unit" },
      haloPx: 3,
      receptiveRadiusPx: 3,
      workClass: "light",
      preferredTilesPx: [64],
      memory: { residentBytes: 1_000_000, bytesPerInputPixel: 500 },
    };
  };
  const models = [{ ...entryOf("strong", strong), denoisePair: "weak" }, entryOf("weak", weak)];
  return JSON.stringify({ version: 1, models });
}
