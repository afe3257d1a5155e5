import { InferenceSession, Tensor } from "onnxruntime-node";
import type { TensorNames } from "../models/signature.ts";
import { HostFailure, saysOutOfMemory, toText } from "../protocol/host-failure.ts";
import type { HostModel } from "../protocol/messages.ts";
import { inspectFloats } from "./pixels/inspect-floats.ts";
import { toDims } from "./pixels/layout.ts";
import type { OutputMemory } from "./pixels/output-memory.ts";
import { probeTile } from "./probe.ts";
import type { ProvenProvider } from "./providers.ts";
import { checkSignature } from "./signature.ts";

/** A model in this process's memory. */
export type LoadedModel = {
  readonly model: HostModel;
  /** The memory that outputs are written to. */
  readonly memory: OutputMemory;
  /** Memory for the input of a picture of this size: `widthPx * heightPx * channels` floats to fill. */
  readonly input: (widthPx: number, heightPx: number) => Float32Array;
  /** Runs the model on the input that `input` returned last. The next run overwrites the output. */
  readonly run: () => Promise<ModelOutput>;
  /** The memory that the next run writes its output to. Samples that the runtime does not write are NaN. */
  readonly output: () => Float32Array;
  readonly release: () => Promise<void>;
};

/** The output of one run. */
export type ModelOutput = { readonly data: Float32Array; readonly runMs: number };

/**
 * Loads a model and runs a small tile through it, so that a loaded model is known to work. A model that `isProven` gets no such run on
 * the processor, where the same file gives the same result. Rejects with MODEL_INVALID if the file is not ONNX, has other inputs or
 * outputs than its entry says, or returns another size or NaN.
 */
export async function loadModel(
  model: HostModel,
  proven: ProvenProvider,
  memory: OutputMemory,
  isProven: boolean,
): Promise<LoadedModel> {
  const session = await createSession(model, proven);
  try {
    const loaded = createLoadedModel(session, model, checkSignature(session, model), memory);
    const isOnGpu = proven.provider !== "cpu";
    if (isOnGpu || !isProven) await proveModel(loaded, isOnGpu);
    return loaded;
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function createSession(model: HostModel, proven: ProvenProvider): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(model.path, proven.sessionOptions);
  } catch (error) {
    const detail = toText(error);
    if (saysOutOfMemory(detail))
      throw new HostFailure("OUT_OF_MEMORY", "No memory to load the model", { detail, poisoned: true });
    throw new HostFailure(
      "MODEL_INVALID",
      `The file of \`${model.key}\` is no model that ${proven.provider} can load`,
      { detail },
    );
  }
}

/** Input and output memory is kept between runs, because a tile's is large and equal tiles follow one another. */
function createLoadedModel(
  session: InferenceSession,
  model: HostModel,
  names: TensorNames,
  memory: OutputMemory,
): LoadedModel {
  const { layout, channels } = model.input;
  const inputChannels = channels === "rgb" ? 3 : 1;
  const outputChannels = model.task === "matte" ? 1 : inputChannels;
  let feed = new Tensor("float32", new Float32Array(0), toDims(layout, 0, 0, inputChannels));
  let fetch = new Tensor("float32", new Float32Array(0), toDims(model.output.layout, 0, 0, outputChannels));

  return {
    model,
    memory,
    input: (widthPx, heightPx) => {
      const dims = toDims(layout, widthPx, heightPx, inputChannels);
      const pixels = widthPx * heightPx;
      if (dims.join() !== feed.dims.join())
        feed = new Tensor("float32", new Float32Array(pixels * inputChannels), dims);
      // All models of the process write to the same memory.
      const output = memory.reserve(pixels * model.scale ** 2 * outputChannels);
      const outDims = toDims(model.output.layout, widthPx * model.scale, heightPx * model.scale, outputChannels);
      fetch = new Tensor("float32", output, outDims);
      return feed.data as Float32Array;
    },
    output: () => markUnwritten(fetch.data as Float32Array),
    run: async () => {
      markUnwritten(fetch.data as Float32Array);
      const began = performance.now();
      try {
        await session.run({ [names.input]: feed }, { [names.output]: fetch });
      } catch (error) {
        const detail = toText(error);
        if (saysOutOfMemory(detail))
          throw new HostFailure("OUT_OF_MEMORY", "No memory to run the model", { detail, poisoned: true });
        throw new HostFailure("INFERENCE_FAILED", "The runtime failed to run the model", { detail, poisoned: true });
      }
      return { data: fetch.data as Float32Array, runMs: performance.now() - began };
    },
    release: () => session.release(),
  };
}

/** Samples between two marks: a row of the smallest tile has one. */
const markEvery = 64;

/** Marks memory with NaN, so that an output that the runtime did not write is not taken for that of the run before. */
function markUnwritten(data: Float32Array): Float32Array {
  for (let at = 0; at < data.length; at += markEvery) data[at] = Number.NaN;
  return data;
}

/** Runs a tile that is not square, so that swapped sides show. */
async function proveModel(loaded: LoadedModel, isOnGpu: boolean): Promise<void> {
  const { fixedSizePx } = loaded.model.input;
  const multiple = loaded.model.sizeMultiple;
  const widthPx = fixedSizePx?.widthPx ?? Math.ceil(40 / multiple) * multiple;
  const heightPx = fixedSizePx?.heightPx ?? Math.ceil(24 / multiple) * multiple;
  const samples = loaded.input(widthPx, heightPx);
  samples.set(probeTile(samples.length));
  const output = await loaded.run().catch((error: unknown) => {
    if (!(error instanceof HostFailure) || error.reason !== "INFERENCE_FAILED") throw error;
    const { scale, key } = loaded.model;
    throw new HostFailure("MODEL_INVALID", `Expected \`${key}\` to turn a tile into one ${scale} times its size`, {
      detail: error.detail,
      // After a runtime error a GPU's context cannot be trusted.
      poisoned: isOnGpu,
    });
  });
  if (!inspectFloats(output.data).finite) {
    throw new HostFailure("MODEL_INVALID", `Expected \`${loaded.model.key}\` to give finite numbers for a probe tile`);
  }
}
