import { loadavg } from "node:os";
import {
  createFrame,
  createFrameSource,
  createRasterSink,
  decodePicture,
  defaultLimits,
  type Frame,
  memoryFrameStore,
  type RowSink,
  resizeFrame,
} from "@pixelmesh/imaging";
import { joinAlpha } from "../../services/upscale/src/domain/alpha-rows.ts";
import { bleedColors } from "../../services/upscale/src/domain/bleed.ts";
import { createFinishing } from "../../services/upscale/src/domain/finish.ts";
import { bleedColors as bleedReference } from "../../services/upscale/test/reference/bleed.ts";
import { createFinishing as finishReference } from "../../services/upscale/test/reference/finish.ts";
import { joinAlpha as joinReference } from "../../services/upscale/test/reference/join-alpha.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 9);
const size = { widthPx: 640, heightPx: 480 };
const large = { widthPx: size.widthPx * 4, heightPx: size.heightPx * 4 };
const finishing = { sharpen: 0.5, contrast: 0.1 };
/** Reach of a model of 16 convolutions, and two more. */
const reachPx = 18;

/**
 * Measures the parts of an upscale of 640×480 by 4 around its model: sharpening and contrast of the result, its alpha, and colours
 * under the transparency of the source. Processor time of this thread by the kernels and by their reference in TypeScript, in alternating order.
 */
export async function upscaleFinishCase(): Promise<boolean> {
  const { frame: source } = await decodePicture(await toScene(size), defaultLimits);
  const enlarged = await resizeFrame(source, large.widthPx, large.heightPx);
  const cutOut = cut(source);
  const alpha = createFrame(large.widthPx, large.heightPx, 1, enlarged.data.slice(0, large.widthPx * large.heightPx));
  return report("upscale-finish", [
    await compare(
      "finishing of 2560×1920",
      0.25,
      () => finish(createFinishing, enlarged),
      () => finish(finishReference, enlarged),
    ),
    await compare(
      "joining alpha of 2560×1920",
      0.4,
      () => join(joinAlpha, enlarged, alpha),
      () => join(joinReference, enlarged, alpha),
    ),
    await compare(
      "colours under transparency, 640×480",
      0.15,
      () => bleed(bleedColors, cutOut),
      () => bleed(bleedReference, cutOut),
    ),
  ]);
}

/** Returns the picture with an opaque disc of half its height, as a cut-out has. */
function cut({ widthPx, heightPx, channels, data }: Frame): Frame {
  const frame = createFrame(widthPx, heightPx, 4);
  for (let pixel = 0; pixel < widthPx * heightPx; pixel++) {
    const [x, y] = [pixel % widthPx, Math.floor(pixel / widthPx)];
    frame.data.set(data.subarray(pixel * channels, pixel * channels + 3), pixel * 4);
    frame.data[pixel * 4 + 3] = Math.hypot(x - widthPx / 2, y - heightPx / 2) < heightPx / 2.5 ? 255 : 0;
  }
  return frame;
}

async function compare(
  name: string,
  bound: number,
  byKernels: () => Promise<number>,
  byReference: () => Promise<number>,
): Promise<Figure> {
  // The compilers of V8 need some calls.
  for (let warm = 0; warm < 3; warm++) await byKernels();
  for (let warm = 0; warm < 3; warm++) await byReference();
  const times = { kernels: [] as number[], reference: [] as number[] };
  for (let round = 0; round < rounds; round++) {
    if (round % 2 === 0) times.kernels.push(await byKernels());
    times.reference.push(await byReference());
    if (round % 2 === 1) times.kernels.push(await byKernels());
  }
  const ratios = times.kernels.map((ms, at) => ms / (times.reference[at] as number));
  return {
    name: `${name}: kernels / reference`,
    value: Number(median(ratios).toFixed(3)),
    unit: "×",
    bound,
    details: {
      rounds,
      load: loadavg()[0],
      ratio: spread(ratios, 3),
      kernelsMs: spread(times.kernels, 1),
      referenceMs: spread(times.reference, 1),
    },
  };
}

/** Returns the milliseconds for one picture that is finished. */
async function finish(create: typeof createFinishing, { channels, data }: Frame): Promise<number> {
  const sink = await createRasterSink({ ...large, channels }, memoryFrameStore);
  const spent = await write(create(sink, finishing), data);
  await sink.end();
  return spent;
}

/** Returns the milliseconds for one picture that gets an alpha. */
async function join(create: typeof joinAlpha, { data }: Frame, alpha: Frame): Promise<number> {
  const sink = await createRasterSink({ ...large, channels: 4 }, memoryFrameStore);
  const spent = await write(create(sink, createFrameSource(alpha)), data);
  await sink.end();
  return spent;
}

/** Writes a picture in blocks, as corrected means are. Returns the milliseconds. */
async function write(sink: RowSink, data: Uint8Array): Promise<number> {
  const [stride, rows] = [large.widthPx * sink.channels, 204];
  const before = threadMs();
  for (let y = 0; y < large.heightPx; y += rows) {
    await sink.writeRows(y, data.subarray(y * stride, Math.min(large.heightPx, y + rows) * stride));
  }
  return threadMs() - before;
}

/** Returns the milliseconds for one picture, read as one row of tiles: the mean of some, because the clock counts in steps. */
async function bleed(create: typeof bleedColors, frame: Frame): Promise<number> {
  const source = create(createFrameSource(frame), reachPx);
  const before = threadMs();
  for (let read = 0; read < 5; read++) await source.readRows(0, frame.heightPx);
  return (threadMs() - before) / 5;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
