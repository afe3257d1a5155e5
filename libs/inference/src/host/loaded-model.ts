import { InferenceSession, Tensor } from "onnxruntime-node";
import type { TensorNames } from "../models/signature.ts";
import { HostFailure, saysOutOfMemory, toText } from "../protocol/host-failure.ts";
import type { HostModel } from "../protocol/messages.ts";
import { inspectFloats } from "./pixels/inspect-floats.ts";
import { toDims } from "./pixels/layout.ts";
import type { AnswerMemory } from "./pixels/output-buffer.ts";
import { probeTile } from "./probe.ts";
import type { ProvenProvider } from "./providers.ts";
import { checkSignature } from "./signature.ts";

/** A model in memory. */
export type Resident = {
  readonly model: HostModel;
  /** Where answers lie. */
  readonly memory: AnswerMemory;
  /** Memory for the input of a picture of this size: `widthPx * heightPx * channels` floats to be filled. */
  readonly input: (widthPx: number, heightPx: number) => Float32Array;
  /** Runs what was last asked for by `input`. The answer is overwritten by the next run. */
  readonly run: () => Promise<Answer>;
  /** Where the answer of the next run will be. What the runtime leaves unwritten of it is NaN. */
  readonly output: () => Float32Array;
  readonly release: () => Promise<void>;
};

/** What a run gave. */
export type Answer = { readonly data: Float32Array; readonly runMs: number };

/**
 * Loads a model and runs a small tile through it, so that what is resident is known to work. MODEL_INVALID where the file
 * is no ONNX, has other inputs or outputs than its entry says, or answers with another size or with NaN.
 */
export async function loadResident(model: HostModel, proven: ProvenProvider, memory: AnswerMemory): Promise<Resident> {
  const session = await createSession(model, proven);
  try {
    const resident = createResident(session, model, checkSignature(session, model), memory);
    await proveModel(resident, proven.provider !== "cpu");
    return resident;
  } catch (error) {
    await session.release();
    throw error;
  }
}

async function createSession(model: HostModel, proven: ProvenProvider): Promise<InferenceSession> {
  try {
    return await InferenceSession.create(
      model.path,
      proven.sessionOptions({ fixedSize: model.input.fixedSizePx !== null }),
    );
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

/** Input and answer memory is kept from run to run: a tile's is large, and equal tiles come one after another. */
function createResident(
  session: InferenceSession,
  model: HostModel,
  names: TensorNames,
  memory: AnswerMemory,
): Resident {
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
      // Other models answer into the same memory.
      const answer = memory.reserve(pixels * model.scale ** 2 * outputChannels);
      const outDims = toDims(model.output.layout, widthPx * model.scale, heightPx * model.scale, outputChannels);
      fetch = new Tensor("float32", answer, outDims);
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

/** An answer that the runtime did not write must not pass for that of the run before: it would be a tile shown twice. */
function markUnwritten(data: Float32Array): Float32Array {
  for (let at = 0; at < data.length; at += markEvery) data[at] = Number.NaN;
  return data;
}

/** A tile that is not square, so that swapped sides show. */
async function proveModel(resident: Resident, isOnGpu: boolean): Promise<void> {
  const { fixedSizePx } = resident.model.input;
  const multiple = resident.model.sizeMultiple;
  const widthPx = fixedSizePx?.widthPx ?? Math.ceil(40 / multiple) * multiple;
  const heightPx = fixedSizePx?.heightPx ?? Math.ceil(24 / multiple) * multiple;
  const samples = resident.input(widthPx, heightPx);
  samples.set(probeTile(samples.length));
  const answer = await resident.run().catch((error: unknown) => {
    if (!(error instanceof HostFailure) || error.reason !== "INFERENCE_FAILED") throw error;
    const { scale, key } = resident.model;
    throw new HostFailure("MODEL_INVALID", `Expected \`${key}\` to turn a tile into one ${scale} times its size`, {
      detail: error.detail,
      // After a runtime error a GPU's context is not to be trusted.
      poisoned: isOnGpu,
    });
  });
  if (!inspectFloats(answer.data).finite) {
    throw new HostFailure(
      "MODEL_INVALID",
      `Expected \`${resident.model.key}\` to give finite numbers for a probe tile`,
    );
  }
}
