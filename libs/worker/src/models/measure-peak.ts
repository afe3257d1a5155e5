import type { InferenceHost } from "@pixelmesh/inference";
import type { Models } from "./open-models.ts";

/**
 * Returns the peak memory in bytes that a run used on its device. A runtime keeps its high-water mark, so that is what the host holds now.
 * `serviceBytes` is what the service itself held of the machine's memory. Returns undefined if the GPU does not show the process.
 */
export async function measureModelPeak(
  { gpus }: Models,
  host: InferenceHost,
  deviceId: string,
  serviceBytes: number,
): Promise<number | undefined> {
  if (gpus === undefined) return (await host.memory()).anonymousBytes + serviceBytes;
  const { pid } = await host.describe();
  if (pid === null) return undefined;
  const gpu = gpus.gpus().find((each) => each.deviceId === deviceId);
  return gpu?.processes.get(pid);
}
