import { loadavg } from "node:os";
import {
  createFrameSource,
  decodePicture,
  defaultLimits,
  type Frame,
  type RowSink,
  resizeFrame,
} from "@pixelmesh/imaging";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { cutOutRows } from "../../services/background/src/domain/cut-out/cut-out-rows.ts";
import { toMatte } from "../../services/background/src/domain/cut-out/matte.ts";
import { planCutOut, workingSize } from "../../services/background/src/domain/cut-out/plan-cut-out.ts";
import type { Plane } from "../../services/background/src/domain/planes/plane.ts";
import { cutOutKernels } from "../../services/background/src/kernels/cut-out-kernels.ts";
import { paintReference, planReference } from "../../services/background/test/reference/cut-out.ts";
import { findModel } from "../harness/compare-with-baseline.ts";
import { type Figure, report } from "../harness/report.ts";
import { toScene } from "../harness/scenes.ts";
import { median, spread } from "../harness/stats.ts";

const rounds = Number(process.env.PAIRS ?? 9);
const modelSidePx = 256;
const noPause = async () => {};
const sizes = [
  { widthPx: 1_154, heightPx: 866, megapixels: 1 },
  { widthPx: 4_000, heightPx: 3_000, megapixels: 12 },
];

/**
 * Measures the pixel work of a cut-out by the bundled model, without decoding, resizing, the model and encoding: processor time of this
 * thread for plan and rows, by the kernels and by their reference, in alternating order.
 */
export async function cutOutKernelsCase(): Promise<boolean> {
  const figures: Figure[] = [];
  for (const { megapixels, ...size } of sizes) {
    const { frame } = await decodePicture(await toScene(size), defaultLimits);
    const matte = await inferMatte(frame);
    const working = workingSize(frame, modelSidePx);
    const guide = await resizeFrame(frame, working.widthPx, working.heightPx);
    figures.push(...(await compare(frame, guide, matte, megapixels)));
  }
  return report("cut-out-kernels", figures);
}

async function inferMatte(frame: Frame): Promise<Plane> {
  const session = await InferenceSession.create(findModel("pixelmesh-matte") as string);
  const { data } = await resizeFrame(frame, modelSidePx, modelSidePx);
  const pixels = modelSidePx ** 2;
  const samples = Float32Array.from(
    { length: 3 * pixels },
    (_, i) => data[(i % pixels) * 3 + Math.floor(i / pixels)]! / 255,
  );
  const input = new Tensor("float32", samples, [1, 3, modelSidePx, modelSidePx]);
  const results = await session.run({ [session.inputNames[0] as string]: input });
  const values = results[session.outputNames[0] as string]?.data as Float32Array;
  const matte = toMatte(values.slice(), { widthPx: modelSidePx, heightPx: modelSidePx });
  await session.release();
  return matte;
}

async function compare(frame: Frame, guide: Frame, matte: Plane, megapixels: number): Promise<Figure[]> {
  const { widthPx, heightPx } = frame;
  const out = new Uint8Array(widthPx * heightPx * 4);
  const sink: RowSink = {
    widthPx,
    heightPx,
    channels: 4,
    writeRows: async (y, rows) => out.set(rows, y * widthPx * 4),
  };
  const times = { kernelsPlan: [] as number[], kernelsRows: [] as number[], reference: [] as number[] };
  const byKernels = async () => {
    const kernels = cutOutKernels.take();
    const start = threadMs();
    await planCutOut(kernels, guide, matte, noPause);
    const planned = threadMs();
    await cutOutRows(kernels, createFrameSource(frame), sink);
    times.kernelsRows.push(threadMs() - planned);
    times.kernelsPlan.push(planned - start);
    cutOutKernels.give(kernels);
  };
  const byReference = async () => {
    const start = threadMs();
    await paintReference(frame, await planReference(guide, matte, noPause), noPause);
    times.reference.push(threadMs() - start);
  };
  // The compilers of V8 need some calls.
  for (let warm = 0; warm < 3; warm++) await byKernels();
  await byReference();
  for (const list of Object.values(times)) list.length = 0;
  for (let round = 0; round < rounds; round++)
    for (const run of round % 2 === 0 ? [byKernels, byReference] : [byReference, byKernels]) await run();
  const kernels = times.kernelsPlan.map((ms, at) => ms + (times.kernelsRows[at] as number));
  const ratios = kernels.map((ms, at) => ms / (times.reference[at] as number));
  const details = {
    rounds,
    load: loadavg()[0],
    ratio: spread(ratios, 3),
    referenceMs: spread(times.reference, 1),
    planMs: spread(times.kernelsPlan, 1),
    rowsMs: spread(times.kernelsRows, 1),
  };
  const what = `${megapixels} MP, ${widthPx}×${heightPx}`;
  return [
    { name: `${what}: kernels / reference`, value: Number(median(ratios).toFixed(3)), unit: "×", bound: 0.15, details },
    {
      name: `${what}: processor time`,
      value: Number((median(kernels) / ((widthPx * heightPx) / 1e6)).toFixed(1)),
      unit: "ms a megapixel",
      bound: 60,
      details: {},
    },
  ];
}

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
