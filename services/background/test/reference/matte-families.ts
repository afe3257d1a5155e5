import type { Frame } from "@pixelmesh/imaging";
import { InferenceSession, Tensor } from "onnxruntime-node";
import type { Plane, Size } from "../../src/domain/planes/plane.ts";

/** How pictures are resized. Without antialiasing only the nearest pixels count, however much a picture shrinks. */
type Filter = { readonly antialias: boolean; readonly radius: number; readonly kernel: (x: number) => number };

/** The published processing of a family of models, in its own words. */
type Published = {
  readonly size: (picture: Size) => Size;
  readonly filter: Filter;
  /** The model's input for a sample from 0 to 255; `largest` is the picture's largest sample after resizing. */
  readonly normalize: (sample: number, channel: number, largest: number) => number;
  readonly finish: (values: Float32Array) => Float32Array;
};

const bilinear: Filter = { antialias: true, radius: 1, kernel: (x) => Math.max(0, 1 - Math.abs(x)) };
const lanczos: Filter = { antialias: true, radius: 3, kernel: (x) => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) };

const imagenet = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] } as const;
const byImagenet = (value: number, channel: number) =>
  (value - (imagenet.mean[channel] as number)) / (imagenet.std[channel] as number);
const square = (side: number) => () => ({ widthPx: side, heightPx: side });
const down32 = (side: number) => Math.trunc(side) - (Math.trunc(side) % 32);
const sigmoid = (values: Float32Array) => values.map((value) => 1 / (1 + Math.exp(-value)));

function stretch(values: Float32Array): Float32Array {
  const least = values.reduce((a, b) => Math.min(a, b));
  const most = values.reduce((a, b) => Math.max(a, b));
  return values.map((value) => (value - least) / (most - least));
}

function modnetSize({ widthPx: w, heightPx: h }: Size): Size {
  let [width, height] = [w, h];
  if (Math.max(w, h) < 512 || Math.min(w, h) > 512)
    [width, height] = w >= h ? [(w / h) * 512, 512] : [512, (h / w) * 512];
  return { widthPx: down32(width), heightPx: down32(height) };
}

const birefnet = {
  filter: bilinear,
  normalize: (sample: number, channel: number) => byImagenet(sample / 255, channel),
  finish: sigmoid,
};

/** By family: docs/how-to/manage-models.md names the sources. */
export const published: Readonly<Record<string, Published>> = {
  u2net: {
    size: square(320),
    filter: lanczos,
    normalize: (sample, channel, largest) => byImagenet(sample / largest, channel),
    finish: stretch,
  },
  isnet: {
    size: square(1024),
    filter: { ...bilinear, antialias: false },
    normalize: (sample) => sample / 255 - 0.5,
    finish: stretch,
  },
  birefnet: { size: square(1024), ...birefnet },
  "birefnet-dynamic": {
    size: ({ widthPx, heightPx }) => ({ widthPx: down32(widthPx), heightPx: down32(heightPx) }),
    ...birefnet,
  },
  modnet: {
    size: modnetSize,
    filter: bilinear,
    normalize: (sample) => (sample - 127.5) / 127.5,
    finish: (values) => values.map((value) => Math.min(1, Math.max(0, value))),
  },
  pixelmesh: { size: square(256), filter: lanczos, normalize: (sample) => sample / 255, finish: stretch },
};

/** The matte of a picture by the published processing, with ONNX Runtime alone. */
export async function publishedMatte(path: string, family: string, picture: Frame): Promise<Plane> {
  const { size: sizeOf, filter, normalize, finish } = published[family] as Published;
  const size = sizeOf(picture);
  const count = size.widthPx * size.heightPx;
  const channels = [0, 1, 2].map((channel) => resample(picture, channel, size, filter));
  const largest = channels.reduce((most, samples) => samples.reduce((a, b) => Math.max(a, b), most), 0);
  const input = Float32Array.from({ length: 3 * count }, (_, at) => {
    const channel = Math.floor(at / count);
    return normalize(channels[channel]?.[at % count] as number, channel, largest);
  });
  const session = await InferenceSession.create(path);
  const feed = new Tensor("float32", input, [1, 3, size.heightPx, size.widthPx]);
  const { [session.outputNames[0] as string]: output } = await session.run({ [session.inputNames[0] as string]: feed });
  const values = output?.data as Float32Array;
  await session.release();
  return { ...size, data: finish(values) };
}

/** Resizes one channel. Samples are whole numbers from 0 to 255 again. */
function resample(
  { widthPx, heightPx, channels, data }: Frame,
  channel: number,
  to: Size,
  filter: Filter,
): Float64Array {
  const rows = weightsOf(heightPx, to.heightPx, filter);
  const columns = weightsOf(widthPx, to.widthPx, filter);
  const across = new Float64Array(heightPx * to.widthPx);
  for (let y = 0; y < heightPx; y++)
    for (let x = 0; x < to.widthPx; x++)
      for (const [from, weight] of columns[x] as Weights)
        across[y * to.widthPx + x] =
          (across[y * to.widthPx + x] as number) + weight * (data[(y * widthPx + from) * channels + channel] as number);
  const out = new Float64Array(to.heightPx * to.widthPx);
  for (let y = 0; y < to.heightPx; y++)
    for (let x = 0; x < to.widthPx; x++) {
      let sum = 0;
      for (const [from, weight] of rows[y] as Weights) sum += weight * (across[from * to.widthPx + x] as number);
      out[y * to.widthPx + x] = Math.min(255, Math.max(0, Math.round(sum)));
    }
  return out;
}

type Weights = readonly (readonly [from: number, weight: number])[];

/** The weights of the old pixels for each new one. An antialiasing kernel is as wide as the pixels that a new one covers. */
function weightsOf(length: number, wanted: number, { antialias, radius, kernel }: Filter): readonly Weights[] {
  const reach = antialias ? Math.max(1, length / wanted) : 1;
  return Array.from({ length: wanted }, (_, at) => {
    const centre = ((at + 0.5) * length) / wanted - 0.5;
    const first = Math.max(0, Math.ceil(centre - radius * reach));
    const last = Math.min(length - 1, Math.floor(centre + radius * reach));
    const used = Array.from({ length: last - first + 1 }, (_, i) => {
      return [first + i, kernel((first + i - centre) / reach)] as const;
    });
    const total = used.reduce((sum, [, weight]) => sum + weight, 0);
    return used.map(([from, weight]) => [from, weight / total] as const);
  });
}

function sinc(x: number): number {
  return x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x);
}
