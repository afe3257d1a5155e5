import { loadavg } from "node:os";
import {
  createFrame,
  createFrameSource,
  createRasterSink,
  decodePicture,
  defaultLimits,
  type Frame,
  memoryFrameStore,
  resizeFrame,
} from "@pixelmesh/imaging";
import { keepMeans } from "../../services/upscale/src/domain/keep-means.ts";
import { keepMeans as keepReference } from "../../services/upscale/test/reference/keep-means.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 9);
const size = { widthPx: 640, heightPx: 480 };
const scale = 4;
const large = { widthPx: size.widthPx * scale, heightPx: size.heightPx * scale };

/**
 * Measures what keeping local means costs an upscale of 640×480 by 4: processor time of this thread by the kernels and by their reference in
 * TypeScript, in alternating order. Once for an enlargement with right means, as the bundled models make it, and once for one with noise and
 * darker levels, of which most samples are corrected.
 */
export async function upscaleMeansCase(): Promise<boolean> {
  const { frame: source } = await decodePicture(await toScene(size), defaultLimits);
  const right = await resizeFrame(source, large.widthPx, large.heightPx);
  return report("upscale-means", [
    await compare("nothing to correct", source, right, 0.45),
    await compare("most samples corrected", source, darken(right), 0.3),
  ]);
}

function darken(frame: Frame): Frame {
  const darker = createFrame(frame.widthPx, frame.heightPx, frame.channels);
  for (let at = 0; at < darker.data.length; at++) {
    const noise = (Math.imul(at, 2_654_435_761) >>> 24) & 31;
    darker.data[at] = Math.min(255, 0.8 * (frame.data[at] as number) + noise);
  }
  return darker;
}

async function compare(name: string, source: Frame, enlarged: Frame, bound: number): Promise<Figure> {
  const byKernels = () => measure(keepMeans, source, enlarged);
  const byReference = () => measure(keepReference, source, enlarged);
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
    name: `${size.widthPx}×${size.heightPx} ×${scale}, ${name}: kernels / reference`,
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

/** Returns the milliseconds for one picture, whose rows the model has written to the sink's memory, as in an upscale of one tile. */
async function measure(keep: typeof keepMeans, source: Frame, enlarged: Frame): Promise<number> {
  const sink = await createRasterSink({ ...large, channels: enlarged.channels }, memoryFrameStore);
  const kept = keep(sink, createFrameSource(source));
  const rows = kept.memoryFor?.(0, large.heightPx) ?? new Uint8Array(enlarged.data.length);
  rows.set(enlarged.data);
  const before = threadMs();
  await kept.writeRows(0, rows);
  const spent = threadMs() - before;
  await sink.end();
  return spent;
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
