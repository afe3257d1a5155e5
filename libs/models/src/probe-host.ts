import { availableParallelism } from "node:os";
import { type InferenceHost, startInferenceHost } from "@pixelmesh/inference";

/** Starts a host on the CPU for models that are not trusted yet. The caller closes it. */
export function openProbeHost(): Promise<InferenceHost> {
  const ignore = () => {};
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const threads = { intraOp: availableParallelism(), interOp: 1 };
  return startInferenceHost({ id: "probe", providers: ["cpu"], threads, log });
}
