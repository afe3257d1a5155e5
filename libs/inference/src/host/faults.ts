import type { HostFault } from "../protocol/faults.ts";
import { HostFailure } from "../protocol/host-failure.ts";
import type { LoadedModel, ModelOutput } from "./loaded-model.ts";

/** Injects the faults of one process into its runs. */
export type FaultInjector = {
  /** The model for the next run: with a fault if one applies to this run, else unchanged. */
  readonly forRun: (model: LoadedModel, tile: { readonly widthPx: number; readonly heightPx: number }) => LoadedModel;
};

/** Creates the injector of process `generation` of a host, counted from 1. An empty list changes nothing. */
export function createFaultInjector(faults: readonly HostFault[], generation: number): FaultInjector {
  const active = faults.filter(({ generations }) => generation <= generations);
  let runs = 0;
  return {
    forRun(model, { widthPx, heightPx }) {
      runs++;
      const longerPx = Math.max(widthPx, heightPx);
      const found = active.find(({ run, abovePx }) => (run === 0 || run === runs) && longerPx > abovePx);
      return found === undefined ? model : withFault(model, found.kind);
    },
  };
}

function withFault(model: LoadedModel, kind: HostFault["kind"]): LoadedModel {
  const withOutput = async (change: (data: Float32Array) => void): Promise<ModelOutput> => {
    const output = await model.run();
    change(output.data);
    return output;
  };
  const runs: Record<HostFault["kind"], () => Promise<ModelOutput>> = {
    oom: () => fail("OUT_OF_MEMORY"),
    error: () => fail("INFERENCE_FAILED"),
    nan: () => withOutput((data) => data.fill(Number.NaN, 0, 1)),
    flat: () => withOutput((data) => data.fill(0.5)),
    range: () => withOutput((data) => data.fill(1e4, 0, 1)),
    stale: async () => ({ data: model.output(), runMs: 0 }),
    hang: async () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return fail("INFERENCE_FAILED");
    },
    crash: async () => {
      process.kill(process.pid, "SIGKILL");
      return fail("INFERENCE_FAILED");
    },
  };
  return { ...model, run: runs[kind] };
}

function fail(reason: "OUT_OF_MEMORY" | "INFERENCE_FAILED"): Promise<ModelOutput> {
  return Promise.reject(new HostFailure(reason, "A fault was injected", { detail: "fault", poisoned: true }));
}
