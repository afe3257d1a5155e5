import { availableParallelism } from "node:os";
import { type InferenceHost, startInferenceHost } from "@pixelmesh/inference";

/** A process on the CPU that runs models nobody has vouched for yet; whoever opens it closes it. */
export function openProbeHost(): Promise<InferenceHost> {
  const ignore = () => {};
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const threads = { intraOp: availableParallelism(), interOp: 1 };
  return startInferenceHost({ id: "probe", providers: ["cpu"], threads, log });
}
