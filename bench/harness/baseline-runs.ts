/**
 * Bare runs of a model of a fixed size: one session with so many threads and the runtime's own options, one run after another on the same input, without
 * pictures. `node baseline-runs.ts MODEL THREADS` reads a number of runs from each line of standard input, and prints `{"ms", "bytes"}` for it.
 */
import { createInterface } from "node:readline";
import { InferenceSession, Tensor } from "onnxruntime-node";

const [modelPath = "", threads = "1"] = process.argv.slice(2);
const options = { intraOpNumThreads: Number(threads), interOpNumThreads: 1, executionProviders: ["cpu"] };
const session = await InferenceSession.create(modelPath, options);
const [input] = session.inputMetadata;
const side = input?.isTensor ? Number(input.shape[3]) : 0;
const floats = Float32Array.from({ length: 3 * side ** 2 }, (_, at) => ((at * 37) % 256) / 255);
const feeds = { [session.inputNames[0] as string]: new Tensor("float32", floats, [1, 3, side, side]) };
const outputs = [session.outputNames[0] as string];
await session.run(feeds, outputs);
for await (const line of createInterface({ input: process.stdin })) {
  const startMs = performance.now();
  for (let run = 0; run < Number(line); run++) await session.run(feeds, outputs);
  process.stdout.write(`${JSON.stringify({ ms: performance.now() - startMs, bytes: 0 })}\n`);
}
