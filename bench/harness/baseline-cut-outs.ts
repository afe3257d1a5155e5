/**
 * The baseline script for cut-outs: threads with a one-thread session each take pictures in turn. A picture is decoded by sharp, run through a
 * model of a fixed size, and encoded as a PNG with the stretched and enlarged matte as its alpha. Edges are not refined.
 * `node baseline-cut-outs.ts MODEL THREADS` reads a JSON list of paths from each line of standard input, and prints `{"ms", "bytes"}` for it.
 */
import { once } from "node:events";
import { createInterface } from "node:readline";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";

const mean = [0.485, 0.456, 0.406];
const deviation = [0.229, 0.224, 0.225];

if (isMainThread) await serveLines(process.argv[2] ?? "", Number(process.argv[3] ?? 2));
else await servePictures(workerData as string);

async function serveLines(modelPath: string, threads: number): Promise<void> {
  const workers = Array.from({ length: threads }, () => new Worker(import.meta.filename, { workerData: modelPath }));
  await Promise.all(workers.map((worker) => once(worker, "message")));
  for await (const line of createInterface({ input: process.stdin })) {
    const startMs = performance.now();
    const paths: string[] = JSON.parse(line);
    let bytes = 0;
    const takeAll = async (worker: Worker) => {
      for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
        worker.postMessage(path);
        const [length] = await once(worker, "message");
        bytes += length;
      }
    };
    await Promise.all(workers.map(takeAll));
    process.stdout.write(`${JSON.stringify({ ms: performance.now() - startMs, bytes })}\n`);
  }
  await Promise.all(workers.map((worker) => worker.terminate()));
}

async function servePictures(modelPath: string): Promise<void> {
  const options = { intraOpNumThreads: 1, interOpNumThreads: 1, executionProviders: ["cpu"] };
  const session = await InferenceSession.create(modelPath, options);
  const [input] = session.inputMetadata;
  const side = input?.isTensor ? Number(input.shape[3]) : 0;
  parentPort?.postMessage(0);
  parentPort?.on("message", async (path: string) => {
    parentPort?.postMessage((await cutOut(session, path, side)).length);
  });
}

async function cutOut(session: InferenceSession, path: string, side: number): Promise<Buffer> {
  const decoded = sharp(path).removeAlpha().toColourspace("srgb").raw();
  const { data: rgb, info } = await decoded.toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: 3 as const };
  const small = await sharp(rgb, { raw }).resize(side, side, { fit: "fill" }).raw().toBuffer();
  const pixels = side ** 2;
  const most = small.reduce((value, sample) => Math.max(value, sample), 1);
  const floats = new Float32Array(3 * pixels);
  for (let at = 0; at < pixels; at++)
    for (let c = 0; c < 3; c++)
      floats[c * pixels + at] = ((small[at * 3 + c] as number) / most - (mean[c] as number)) / (deviation[c] as number);
  const name = session.outputNames[0] as string;
  const feeds = { [session.inputNames[0] as string]: new Tensor("float32", floats, [1, 3, side, side]) };
  const values = ((await session.run(feeds, [name]))[name] as Tensor).data as Float32Array;
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [1, 0]);
  const matte = Buffer.from(values.map((value) => ((value - low) / (high - low || 1)) * 255));
  const alpha = await sharp(matte, { raw: { width: side, height: side, channels: 1 } })
    .resize(info.width, info.height, { fit: "fill", kernel: "lanczos3" })
    .toColourspace("b-w")
    .raw()
    .toBuffer();
  return sharp(rgb, { raw })
    .joinChannel(alpha, { raw: { width: info.width, height: info.height, channels: 1 } })
    .png()
    .toBuffer();
}
