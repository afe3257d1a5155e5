import type { ModelEntry } from "@pixelmesh/inference";

type Input = ModelEntry["input"];

/** The published processing of a family of matte models: what a graph does not tell. */
export type MatteFamily = {
  /** Where the processing is published. */
  readonly source: string;
  readonly input: Pick<Input, "range" | "divideByMax" | "mean" | "std">;
  /** `sigmoid`: the graph returns logits. `stretch`: its values are stretched from the smallest to the largest. */
  readonly output: Pick<ModelEntry["output"], "sigmoid" | "stretch">;
  /** Side of the square over which pictures are stretched, for a graph that leaves its sides open and a family without `openSizePx`. */
  readonly sidePx: number;
  /** The rule for a graph whose sides are open; null: the square. */
  readonly openSizePx: Input["openSizePx"];
  /** Sides of an open graph are multiples of this. */
  readonly sizeMultiple: number;
};

/** Mean and deviation of ImageNet. */
const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } satisfies Pick<Input, "mean" | "std">;
const byBytes = { range: "unit", divideByMax: false } as const;

/** Most pixels of an open input: the mattes of all models fit the memory that is planned for a cut-out. */
const mostPixels = 1024 * 1024;

/** Names of the families. */
export const matteFamilyNames = ["u2net", "isnet", "birefnet", "birefnet-dynamic", "modnet", "pixelmesh"] as const;

/** Name of a family. */
export type MatteFamilyName = (typeof matteFamilyNames)[number];

/** The families of matte models whose processing is known. */
export const matteFamilies: Readonly<Record<MatteFamilyName, MatteFamily>> = {
  u2net: {
    source: "https://github.com/danielgatis/rembg (sessions/base.py, sessions/u2net.py), after xuebinqin/U-2-Net",
    input: { range: "unit", divideByMax: true, ...imagenet },
    output: { sigmoid: false, stretch: true },
    ...{ sidePx: 320, openSizePx: null, sizeMultiple: 1 },
  },
  isnet: {
    source: "https://github.com/xuebinqin/DIS (IS-Net/Inference.py)",
    input: { ...byBytes, mean: [0.5, 0.5, 0.5], std: [1, 1, 1] },
    output: { sigmoid: false, stretch: true },
    ...{ sidePx: 1024, openSizePx: null, sizeMultiple: 1 },
  },
  birefnet: {
    source: "https://github.com/ZhengPeng7/BiRefNet (dataset.py, inference.py)",
    input: { ...byBytes, ...imagenet },
    output: { sigmoid: true, stretch: false },
    ...{ sidePx: 1024, openSizePx: null, sizeMultiple: 1 },
  },
  "birefnet-dynamic": {
    source: "https://github.com/ZhengPeng7/BiRefNet (dataset.py, inference.py)",
    input: { ...byBytes, ...imagenet },
    output: { sigmoid: true, stretch: false },
    ...{ sidePx: 1024, openSizePx: { shorterSidePx: null, leastSidePx: 256, mostPixels }, sizeMultiple: 32 },
  },
  modnet: {
    source: "https://github.com/ZHKKKe/MODNet (onnx/inference_onnx.py)",
    input: { ...byBytes, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] },
    output: { sigmoid: false, stretch: false },
    ...{ sidePx: 512, openSizePx: { shorterSidePx: 512, leastSidePx: 32, mostPixels }, sizeMultiple: 32 },
  },
  pixelmesh: {
    source: "models/cards/pixelmesh-matte.md",
    input: { ...byBytes, mean: null, std: null },
    output: { sigmoid: false, stretch: true },
    ...{ sidePx: 256, openSizePx: null, sizeMultiple: 1 },
  },
};
