/**
 * The baseline script that the mesh is compared with: sharp decodes, one `session.run` over the whole picture, sharp encodes a JPEG.
 * `node baseline-upscale.ts MODEL THREADS` reads a picture's path from each line of standard input, and prints `{"ms", "bytes"}` for it.
 */
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { InferenceSession, Tensor } from "onnxruntime-node";
import sharp from "sharp";

const [modelPath = "", threads = "2"] = process.argv.slice(2);
const session = await InferenceSession.create(modelPath, {
  intraOpNumThreads: Number(threads),
  interOpNumThreads: 1,
  executionProviders: ["cpu"],
});
const inputName = session.inputNames[0] as string;
const outputName = session.outputNames[0] as string;

async function upscale(path: string): Promise<{ ms: number; bytes: number }> {
  const startMs = performance.now();
  const { data, info } = await sharp(readFileSync(path))
    .removeAlpha()
    .toColourspace("srgb")
    .raw()
    .toBuffer({ resolveWithObject: true });
  const pixels = info.width * info.height;
  const input = new Float32Array(pixels * 3);
  for (let at = 0; at < pixels; at++)
    for (let c = 0; c < 3; c++) input[c * pixels + at] = (data[at * 3 + c] as number) / 255;
  const results = await session.run({ [inputName]: new Tensor("float32", input, [1, 3, info.height, info.width]) });
  const output = results[outputName] as Tensor;
  const [, , height, width] = output.dims as [number, number, number, number];
  const values = output.data as Float32Array;
  const larger = width * height;
  const rgb = new Uint8ClampedArray(larger * 3);
  for (let at = 0; at < larger; at++)
    for (let c = 0; c < 3; c++) rgb[at * 3 + c] = (values[c * larger + at] as number) * 255;
  const jpeg = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 85 })
    .toBuffer();
  return { ms: performance.now() - startMs, bytes: jpeg.length };
}

for await (const path of createInterface({ input: process.stdin }))
  process.stdout.write(`${JSON.stringify(await upscale(path))}\n`);
