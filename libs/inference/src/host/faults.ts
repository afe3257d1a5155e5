import type { HostFault } from "../protocol/faults.ts";
import { HostFailure } from "../protocol/host-failure.ts";
import type { Answer, Resident } from "./loaded-model.ts";

/** The faults of one process: told for each run whether it is struck. */
export type Faults = {
  readonly strike: (resident: Resident, tile: { readonly widthPx: number; readonly heightPx: number }) => Resident;
};

/** Faults of the `life`-th process of a host. Without any, every run goes by untouched. */
export function createFaults(faults: readonly HostFault[], life: number): Faults {
  const mine = faults.filter(({ lives }) => life <= lives);
  let runs = 0;
  return {
    strike(resident, { widthPx, heightPx }) {
      runs++;
      const longerPx = Math.max(widthPx, heightPx);
      const found = mine.find(({ run, abovePx }) => (run === 0 || run === runs) && longerPx > abovePx);
      return found === undefined ? resident : withFault(resident, found.kind);
    },
  };
}

function withFault(resident: Resident, kind: HostFault["kind"]): Resident {
  const answerWith = async (change: (data: Float32Array) => void): Promise<Answer> => {
    const answer = await resident.run();
    change(answer.data);
    return answer;
  };
  const runs: Record<HostFault["kind"], () => Promise<Answer>> = {
    oom: () => fail("OUT_OF_MEMORY"),
    error: () => fail("INFERENCE_FAILED"),
    nan: () => answerWith((data) => data.fill(Number.NaN, 0, 1)),
    flat: () => answerWith((data) => data.fill(0.5)),
    range: () => answerWith((data) => data.fill(1e4, 0, 1)),
    stale: async () => ({ data: resident.output(), runMs: 0 }),
    hang: async () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
      return fail("INFERENCE_FAILED");
    },
    crash: async () => {
      process.kill(process.pid, "SIGKILL");
      return fail("INFERENCE_FAILED");
    },
  };
  return { ...resident, run: runs[kind] };
}

function fail(reason: "OUT_OF_MEMORY" | "INFERENCE_FAILED"): Promise<Answer> {
  return Promise.reject(new HostFailure(reason, "A fault was asked for", { detail: "fault", poisoned: true }));
}
