import { InferenceSession, Tensor } from "onnxruntime-node";
import { HostFailure, toText } from "../protocol/host-failure.ts";
import type { HostThreads, RefusedProvider } from "../protocol/messages.ts";
import type { Provider } from "../protocol/provider.ts";
import { expectedProbe, probeModel, probeSizePx, probeTile } from "./probe.ts";

/** A provider that has computed the probe tile correctly, and the options of sessions on it. */
export type ProvenProvider = {
  readonly provider: Provider;
  readonly refused: readonly RefusedProvider[];
  readonly sessionOptions: InferenceSession.SessionOptions;
};

/**
 * Session options that make a load fail if any operator of the model would run on the CPU instead. onnxruntime-node 1.30
 * honours them; a test checks the installed version.
 */
export const noCpuFallback = { "session.disable_cpu_ep_fallback": "1" } as const;

/**
 * Threads that wait for the next operator sleep instead of spinning. Spinning gains little (operators take milliseconds, a wake-up
 * microseconds) and takes the processor from decoding, encoding and other models, which overlap with the run (docs/adr/0042).
 */
const noSpinning = { "session.intra_op.allow_spinning": "0", "session.inter_op.allow_spinning": "0" } as const;

/** GPUs may compute convolutions in TF32, with 10 bits of mantissa. */
const tolerance = 5e-3;

/**
 * Returns the first provider of the list that computes the probe tile correctly. The CPU is used only if the list names it,
 * also for single operators. Rejects with INFERENCE_FAILED if none can be proven.
 */
export async function proveProvider(options: {
  readonly providers: readonly Provider[];
  readonly deviceIndex: number;
  readonly threads: HostThreads;
}): Promise<ProvenProvider> {
  const refused: RefusedProvider[] = [];
  for (const provider of options.providers) {
    const sessionOptions = toSessionOptions(provider, options);
    try {
      await probe(sessionOptions);
      return { provider, refused, sessionOptions };
    } catch (error) {
      refused.push({ provider, why: toText(error).slice(0, 500) });
    }
  }
  const names = options.providers.join(", ") || "none";
  const detail = refused.map(({ provider, why }) => `${provider}: ${why}`).join("\n");
  throw new HostFailure("INFERENCE_FAILED", `No execution provider could be proven; tried: ${names}`, { detail });
}

/**
 * The arena keeps the buffers of operators. Without it each buffer is mapped and cleared again: 40 % of an upscaler's run (640×480, 64
 * features) and 15 % of a run of u2netp, measured on the CPU. The arena's memory pattern takes 1.3 to 1.6 times the memory at the same
 * speed (docs/adr/0084).
 */
function toSessionOptions(
  provider: Provider,
  options: { readonly deviceIndex: number; readonly threads: HostThreads },
): InferenceSession.SessionOptions {
  return {
    // WebGPU refuses `deviceId`: there it names a context, and the only context has no number.
    executionProviders: [
      provider === "cuda" || provider === "tensorrt" ? { name: provider, deviceId: options.deviceIndex } : provider,
    ],
    intraOpNumThreads: options.threads.intraOp,
    interOpNumThreads: options.threads.interOp,
    executionMode: options.threads.interOp > 1 ? "parallel" : "sequential",
    graphOptimizationLevel: "all",
    enableCpuMemArena: provider === "cpu",
    enableMemPattern: false,
    logSeverityLevel: 3,
    extra: { ...noSpinning, ...(provider === "cpu" ? {} : noCpuFallback) },
  };
}

async function probe(sessionOptions: InferenceSession.SessionOptions): Promise<void> {
  const session = await InferenceSession.create(probeModel, sessionOptions);
  try {
    const dims = [1, 3, probeSizePx, probeSizePx];
    const { y } = await session.run({ x: new Tensor("float32", probeTile(3 * probeSizePx ** 2), dims) });
    const expected = expectedProbe();
    const data = y?.data;
    if (!(data instanceof Float32Array) || data.length !== expected.length)
      throw new Error("the probe returned another shape");
    const worst = expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (data[at] ?? Number.NaN))), 0);
    if (!(worst <= tolerance)) throw new Error(`the probe tile is off by ${worst}`);
  } finally {
    await session.release();
  }
}
