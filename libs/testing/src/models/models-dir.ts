import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toOnnxBytes } from "@pixelmesh/inference";
import { type PullOptions, pullModel } from "@pixelmesh/models";
import { smallUpscaler } from "./tiny-models.ts";

const graph = smallUpscaler();
// Unused weights: enough bytes for many chunks.
const ballast = { name: "ballast", dims: [300_000], data: Float32Array.from({ length: 300_000 }, (_, i) => i) };

/** An upscaler ×2 of 1.2 MB. */
export const modelBytes: Uint8Array = toOnnxBytes({ ...graph, constants: [...graph.constants, ballast] });
/** Another model of the same form and size. */
export const otherBytes: Uint8Array = toOnnxBytes({
  ...graph,
  constants: [...graph.constants, { ...ballast, name: "ballasT" }],
});

/** Returns the sha256 in the form of a manifest. */
export const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

/** Returns the manifest entry of `modelBytes`. */
export const upscalerEntry = (name: string, facts: object = {}) => ({
  name,
  task: "upscale",
  scale: 2,
  file: `${name}.onnx`,
  sha256: digestOf(modelBytes),
  sizeBytes: modelBytes.length,
  sourceUrl: null,
  licence: "MIT",
  input: { name: "x", layout: "nchw", channels: "rgb", range: "unit" },
  output: { name: "y", layout: "nchw", range: "unit" },
  haloPx: 3,
  receptiveRadiusPx: 3,
  workClass: "light",
  preferredTilesPx: [256],
  memory: { residentBytes: 1, bytesPerInputPixel: 1 },
  ...facts,
});

/** Creates a models directory with a manifest. It is removed at the end of its block. */
export function createDir(...entries: object[]) {
  const dir = mkdtempSync(join(tmpdir(), "pull-"));
  const manifest = join(dir, "manifest.json");
  writeFileSync(manifest, JSON.stringify({ version: 1, models: entries }));
  const notes: string[] = [];
  return {
    dir,
    notes,
    has: (file: string) => existsSync(join(dir, file)),
    read: (file: string) => readFileSync(join(dir, file)),
    entry: (name: string) =>
      JSON.parse(readFileSync(manifest, "utf8")).models.find((it: { name: string }) => it.name === name),
    pull: (name: string, from?: string, facts: Partial<PullOptions> = {}) =>
      pullModel({
        name,
        dirs: [dir],
        targetDir: dir,
        env: {},
        signal: AbortSignal.timeout(30_000),
        retryWaitMs: 5,
        onNote: (text) => notes.push(text),
        ...(from === undefined ? {} : { from }),
        ...facts,
      }),
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}
