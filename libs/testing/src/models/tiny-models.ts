import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type AvailableModel,
  type HostEvent,
  type Log,
  type OnnxGraph,
  startInferenceHost,
  toOnnxBytes,
} from "@pixelmesh/inference";

/** Directory of third-party models for measurements; null if it is absent. */
export const dataDir = (() => {
  const dir = process.env.PIXELMESH_TEST_DATA ?? fileURLToPath(new URL("../../../../../shared/data", import.meta.url));
  if (existsSync(join(dir, "models"))) return dir;
  return null;
})();

/** A logger that keeps its lines. */
export function createTestLog(): Log & { readonly lines: { level: string; facts: object; message: string }[] } {
  const lines: { level: string; facts: object; message: string }[] = [];
  const at = (level: string) => (facts: object, message: string) => void lines.push({ level, facts, message });
  return { lines, debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
}

/** Starts a host on the CPU with one thread and records its events. It is closed at the end of its block. */
export async function startTestHost(facts: Partial<Parameters<typeof startInferenceHost>[0]> = {}) {
  const log = createTestLog();
  const threads = { intraOp: 1, interOp: 1 };
  const events: HostEvent[] = [];
  const observe = (event: HostEvent) => void events.push(event);
  const host = await startInferenceHost({ id: "test", providers: ["cpu"], threads, log, observe, ...facts });
  const ends = () => events.flatMap((event) => (event.type === "ended" ? [event.reason] : []));
  return { host, log, events, ends, [Symbol.asyncDispose]: () => host.close() };
}

/** Creates a directory for models of a test. It is removed at the end of its block. */
export function createModelsDir() {
  const dir = mkdtempSync(join(tmpdir(), "models-"));
  return {
    dir,
    /** Writes bytes or a graph as a model, with an entry of an RGB upscaler unless `facts` say otherwise. */
    write: (name: string, content: OnnxGraph | Uint8Array, facts: Partial<AvailableModel> = {}): AvailableModel => {
      const bytes = content instanceof Uint8Array ? content : toOnnxBytes(content);
      const path = join(dir, `${name}.onnx`);
      writeFileSync(path, bytes);
      return toModel(name, path, bytes, facts);
    },
    [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }),
  };
}

function toModel(name: string, path: string, bytes: Uint8Array, facts: Partial<AvailableModel>): AvailableModel {
  const digest = createHash("sha256").update(bytes).digest("hex");
  return {
    name,
    task: "upscale",
    scale: 1,
    file: `${name}.onnx`,
    sha256: digest,
    digest,
    path,
    sizeBytes: bytes.length,
    sourceUrl: null,
    sources: [],
    licence: "MIT",
    licenceNote: null,
    trainedOn: null,
    input: { name: "x", layout: "nchw", channels: "rgb", range: "unit", ...plain },
    output: { name: "y", layout: "nchw", range: "unit", sigmoid: false, stretch: true },
    haloPx: 3,
    receptiveRadiusPx: 3,
    sizeMultiple: 1,
    workClass: "light",
    preferredTilesPx: [64],
    memory: { residentBytes: 1, bytesPerInputPixel: 1 },
    denoisePair: null,
    default: false,
    ...facts,
  };
}

/** Default facts of an input. */
export const plain = { divideByMax: false, mean: null, std: null, fixedSizePx: null, openSizePx: null } as const;

const any = [1, 3, "h", "w"] as const;
const value = (name: string, shape: readonly (number | string)[] = any) => ({ name, shape });
const numbers = (length: number, seed: number) =>
  Float32Array.from({ length }, (_, i) => Math.sin(seed + i * 12.9898) * 0.25);

/** y = x. */
export const identity: OnnxGraph = {
  inputs: [value("x")],
  outputs: [value("y")],
  constants: [],
  nodes: [{ operator: "Identity", inputs: ["x"], outputs: ["y"] }],
};

/** y = x / x: NaN where a sample is 0, else 1 everywhere. */
export const selfDivided: OnnxGraph = {
  ...identity,
  nodes: [{ operator: "Div", inputs: ["x", "x"], outputs: ["y"] }],
};

/** Three 3×3 convolutions and a pixel shuffle: an upscaler ×2 that reaches 3 px. `width` features. */
export function smallUpscaler(width = 8): OnnxGraph {
  const layer = (index: number, from: number, to: number) => ({
    constants: [{ name: `w${index}`, dims: [to, from, 3, 3], data: numbers(to * from * 9, index) }],
    nodes: [
      {
        operator: "Conv",
        inputs: [index === 0 ? "x" : `r${index - 1}`, `w${index}`],
        outputs: [`c${index}`],
        attributes: { kernel_shape: [3, 3], pads: [1, 1, 1, 1] },
      },
      { operator: "Relu", inputs: [`c${index}`], outputs: [`r${index}`] },
    ],
  });
  const layers = [layer(0, 3, width), layer(1, width, width), layer(2, width, 12)];
  return {
    inputs: [value("x")],
    outputs: [value("y", [1, 3, "h2", "w2"])],
    constants: layers.flatMap((each) => each.constants),
    nodes: [
      ...layers.flatMap((each) => each.nodes),
      { operator: "DepthToSpace", inputs: ["r2"], outputs: ["y"], attributes: { blocksize: 2, mode: "CRD" } },
    ],
  };
}

/** An upscaler ×2 that repeats each pixel: its result has the mean of its input. */
export const replicatingUpscaler = weighingUpscaler([1, 1, 1, 1]);

/** An upscaler ×2 that makes four pixels of each, with these factors of brightness. */
export function weighingUpscaler(weights: readonly [number, number, number, number]): OnnxGraph {
  const data = Float32Array.from({ length: 36 }, (_, at) =>
    at % 3 === Math.floor(at / 12) ? (weights[Math.floor(at / 3) % 4] as number) : 0,
  );
  return {
    inputs: [value("x")],
    outputs: [value("y", [1, 3, "h2", "w2"])],
    constants: [{ name: "w", dims: [12, 3, 1, 1], data }],
    nodes: [
      { operator: "Conv", inputs: ["x", "w"], outputs: ["c"], attributes: { kernel_shape: [1, 1] } },
      { operator: "DepthToSpace", inputs: ["c"], outputs: ["y"], attributes: { blocksize: 2, mode: "CRD" } },
    ],
  };
}

/** A picture of noise over a ramp. */
export function noise(widthPx: number, heightPx: number, channels: 1 | 3 = 3) {
  let state = 1;
  const data = Uint8Array.from({ length: widthPx * heightPx * channels }, (_, i) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return ((state >>> 24) >> 1) + (((i / channels) % widthPx) % 128);
  });
  return { widthPx, heightPx, channels, data };
}

/** Reads a model file of `dataDir`. */
export function readModelBytes(file: string): Uint8Array {
  return readFileSync(join(dataDir ?? "", "models", file));
}
