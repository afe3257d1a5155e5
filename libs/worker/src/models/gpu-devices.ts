import { availableParallelism } from "node:os";
import { AppError } from "@pixelmesh/errors";
import { type Gpu, type GpuReader, startGpuReader } from "@pixelmesh/gpu";
import type { HostDescription, NarrowHosts, PoolDevice, Provider } from "@pixelmesh/inference";
import { DeviceKind, type DeviceReport } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { type HostMemorySource, readHostMemory } from "../devices/machine-memory.ts";
import { notAProvider } from "../devices/report-devices.ts";

const gpuProviders: readonly Provider[] = ["tensorrt", "cuda"];
const gpuWaitMs = 10_000;

/** The devices that a service's models may run on. */
export type ModelDevices = {
  readonly devices: readonly PoolDevice[];
  /** Reads the GPUs; undefined if models run on the processor. */
  readonly gpus: GpuReader | undefined;
};

/**
 * Opens the devices for providers in order of preference. If one needs a GPU, these are all GPUs that nvidia-smi shows. The processor is used
 * only if no provider needs a GPU, or if the list names both and no GPU can be read. Throws SERVICE_UNAVAILABLE if a GPU is needed
 * and none can be read.
 */
export async function openModelDevices(
  { log, life, metrics }: ServiceBase,
  providers: readonly Provider[],
  threads: number,
  source: HostMemorySource,
): Promise<ModelDevices> {
  const onGpu = providers.filter((provider) => gpuProviders.includes(provider));
  const onProcessor = providers.filter((provider) => !gpuProviders.includes(provider));
  const narrowHosts = toNarrowHosts(threads);
  const memory = {
    deviceId: readHostMemory(source).deviceId,
    threads: { intraOp: threads, interOp: 1 },
    ...(narrowHosts ? { narrowHosts } : {}),
  };
  if (onGpu.length === 0) return { devices: [{ ...memory, providers }], gpus: undefined };
  const reader = startGpuReader({ log });
  life.defer("GPU reader", reader.close, 2_000);
  const why = await reader.firstReading(gpuWaitMs);
  if (why === undefined) {
    const gpuThreads = { intraOp: Math.min(threads, availableParallelism()), interOp: 1 };
    const devices = reader
      .gpus()
      .map(({ deviceId }) => ({ deviceId, providers: onGpu, gpuUuid: deviceId, threads: gpuThreads }));
    const opened = new Set(devices.map(({ deviceId }) => deviceId));
    metrics.set("pixelmesh_gpus", { state: "expected" }, opened.size);
    const endExport = metrics.onPage(() => {
      const readable = reader.gpus().filter(({ deviceId }) => opened.has(deviceId));
      metrics.set("pixelmesh_gpus", { state: "readable" }, readable.length);
    });
    life.defer("GPU metrics", endExport);
    return { devices, gpus: reader };
  }
  if (onProcessor.length === 0) throw new AppError("SERVICE_UNAVAILABLE", `No GPU can be read: ${why}`);
  metrics.set("pixelmesh_gpus", { state: "expected" }, 1);
  log.warn({ why, providers: onProcessor }, "no GPU can be read; models run on the processor");
  await reader.close();
  return { devices: [{ ...memory, providers: onProcessor }], gpus: undefined };
}

/** Each narrow host takes the memory of a model once more, so a machine with many cores has few narrow hosts of several threads. */
const maxNarrowHosts = 4;

/**
 * Returns the narrow hosts of a processor, which share the threads of one run; undefined if these cannot be divided. Each has as many threads
 * as `maxNarrowHosts` of them would need to use all, and there are as many hosts as these threads make: six threads make three hosts of two.
 */
function toNarrowHosts(threads: number): NarrowHosts | undefined {
  if (threads < 2) return undefined;
  const intraOp = Math.ceil(threads / maxNarrowHosts);
  return { count: Math.floor(threads / intraOp), threads: { intraOp, interOp: 1 } };
}

/** The report of a GPU and its hosts to the scheduler. `processesHidden`: nvidia-smi does not list a host that has models. */
export function toGpuReport(gpu: Gpu, all: readonly HostDescription[]): DeviceReport {
  // A host without a process uses no memory of the GPU.
  const hosts = all.filter(({ pid }) => pid !== null);
  const usedBytes = ({ pid }: HostDescription) => (pid === null ? undefined : gpu.processes.get(pid));
  return {
    deviceId: gpu.deviceId,
    kind: DeviceKind.GPU,
    name: gpu.name,
    totalBytes: gpu.totalBytes,
    observedBytes: gpu.observedBytes,
    computeTokens: 0,
    ...notAProvider,
    ownProcessBytes: 0,
    processesHidden: hosts.some((host) => host.models.length > 0 && usedBytes(host) === undefined),
    hosts: hosts.map((host) => ({
      hostId: host.hostId,
      busy: host.busy,
      usedBytes: usedBytes(host) ?? 0,
      // A host reports its use of the machine's memory, not of the GPU's.
      models: host.models.map((model) => ({ ...model, residentBytes: 0 })),
    })),
  };
}
