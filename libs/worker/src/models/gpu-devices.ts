import { availableParallelism } from "node:os";
import { AppError } from "@pixelmesh/errors";
import { type Gpu, type GpuReader, startGpuReader } from "@pixelmesh/gpu";
import type { HostDescription, PoolDevice, Provider } from "@pixelmesh/inference";
import { DeviceKind, type DeviceReport } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { type HostMemorySource, readHostMemory } from "../devices/machine-memory.ts";

const gpuProviders: readonly Provider[] = ["tensorrt", "cuda"];
const gpuWaitMs = 10_000;

/** Where a service's models may run. */
export type ModelDevices = {
  readonly devices: readonly PoolDevice[];
  /** What reads the GPUs; undefined where the models run on the processor. */
  readonly gpus: GpuReader | undefined;
};

/**
 * The devices for providers in order of preference: with one that needs a GPU, every GPU that nvidia-smi shows, and nothing
 * else; the processor only where no such provider is named, or the list names it too and there is no GPU. SERVICE_UNAVAILABLE where a
 * GPU is needed and none can be read.
 */
export async function openModelDevices(
  { log, life }: ServiceBase,
  providers: readonly Provider[],
  threads: number,
  source: HostMemorySource,
): Promise<ModelDevices> {
  const onGpu = providers.filter((provider) => gpuProviders.includes(provider));
  const elsewhere = providers.filter((provider) => !gpuProviders.includes(provider));
  const memory = { deviceId: readHostMemory(source).deviceId, threads: { intraOp: threads, interOp: 1 } };
  if (onGpu.length === 0) return { devices: [{ ...memory, providers }], gpus: undefined };
  const reader = startGpuReader({ log });
  life.defer("GPU reader", reader.close, 2_000);
  const why = await reader.settled(gpuWaitMs);
  if (why === undefined) {
    const own = { intraOp: Math.min(threads, availableParallelism()), interOp: 1 };
    const devices = reader
      .gpus()
      .map(({ deviceId }) => ({ deviceId, providers: onGpu, gpuUuid: deviceId, threads: own }));
    return { devices, gpus: reader };
  }
  if (elsewhere.length === 0) throw new AppError("SERVICE_UNAVAILABLE", `No GPU can be read: ${why}`);
  log.warn({ why, providers: elsewhere }, "no GPU can be read; models run without");
  await reader.close();
  return { devices: [{ ...memory, providers: elsewhere }], gpus: undefined };
}

/** A GPU and the hosts on it as the scheduler is told. What a process uses is hidden where a host with models is not listed. */
export function toGpuReport(gpu: Gpu, all: readonly HostDescription[]): DeviceReport {
  // A place without a process holds nothing of the GPU.
  const hosts = all.filter(({ pid }) => pid !== null);
  const usedBytes = ({ pid }: HostDescription) => (pid === null ? undefined : gpu.processes.get(pid));
  return {
    ...{ deviceId: gpu.deviceId, kind: DeviceKind.GPU, name: gpu.name },
    ...{ totalBytes: gpu.totalBytes, observedBytes: gpu.observedBytes, computeTokens: 0, ownProcessBytes: 0 },
    processesHidden: hosts.some((host) => host.models.length > 0 && usedBytes(host) === undefined),
    hosts: hosts.map((host) => ({
      ...{ hostId: host.hostId, busy: host.busy, usedBytes: usedBytes(host) ?? 0 },
      // What a host says of itself is its share of the machine's memory, not of the GPU's.
      models: host.models.map((model) => ({ ...model, residentBytes: 0 })),
    })),
  };
}
