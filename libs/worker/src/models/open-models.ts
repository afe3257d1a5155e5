import { expected } from "@pixelmesh/errors";
import type { GpuReader } from "@pixelmesh/gpu";
import {
  type AvailableModel,
  createHostPool,
  type HostPool,
  type InferenceHost,
  loadRegistry,
  type ModelRegistry,
  type ModelTask,
  type Provider,
  parseHostFault,
  withBundledModels,
} from "@pixelmesh/inference";
import type { HostReport } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import type { Metrics } from "@pixelmesh/telemetry";
import { type HostMemorySource, readHostMemory } from "../devices/machine-memory.ts";
import type { DeviceOwner } from "../devices/report-devices.ts";
import { toMemorySource } from "../worker-fields.ts";
import { openModelDevices, toGpuReport } from "./gpu-devices.ts";
import { createHostObserver, exportHosts } from "./host-metrics.ts";
import { type ModelConfig, toHostLimits, toRoomRules } from "./model-fields.ts";

/** The models of a service and the processes that run them. */
export type Models = {
  readonly registry: ModelRegistry;
  readonly pool: HostPool;
  readonly task: ModelTask;
  readonly threads: number;
  /** Where models may run, preferred first. */
  readonly deviceIds: readonly string[];
  /** Undefined where models run on the processor. */
  readonly gpus: GpuReader | undefined;
};

const knownProviders: readonly string[] = ["tensorrt", "cuda", "webgpu", "cpu"] satisfies Provider[];

/** Reads the registry and opens the pool of inference hosts; closed by the lifecycle. No model is loaded yet. */
export async function openModels(base: ServiceBase, config: ModelConfig, task: ModelTask): Promise<Models> {
  const { log, life, worker } = base;
  const registry = await loadRegistry({ dirs: withBundledModels(config.modelsDirs) });
  for (const { entry, unavailableReason, refused } of registry.list()) {
    const facts = { model: entry.name, why: unavailableReason };
    if (entry.task !== task || unavailableReason === "") continue;
    if (refused) log.warn(facts, "model is refused");
    else log.info(facts, "model is not available");
  }
  const memory = toMemorySource(config);
  const { devices, gpus } = await openModelDevices(base, config.providers.map(parseProvider), config.threads, memory);
  const faults = config.hostFaults.map(parseHostFault);
  if (faults.length > 0) log.warn({ faults }, "inference hosts will fail on purpose");
  const pool = createHostPool({
    ...{ name: worker, devices, log, idleTtlMs: config.hostIdleMs, faults },
    limits: toHostLimits(config),
    room: toRoomRules(config, readHostMemory(memory).totalBytes),
    hasRoom: (deviceId, bytes) => bytes <= freeBytes(deviceId, gpus, memory),
    observe: createHostObserver(base.metrics),
  });
  life.defer("inference hosts", pool.close, 20_000);
  for (const name of config.preload) {
    if (registry.status(name).entry.task !== task) throw expected("preload", `models for ${task}`, name);
    pool.pin(name);
  }
  const deviceIds = devices.map(({ deviceId }) => deviceId);
  return { registry, pool, task, threads: config.threads, deviceIds, gpus };
}

/** What of a device may be taken for a moment: up to the bound to which any work is granted by default. */
function freeBytes(deviceId: string, gpus: GpuReader | undefined, memory: HostMemorySource): number {
  const device = gpus?.gpus().find((gpu) => gpu.deviceId === deviceId) ?? readHostMemory(memory);
  return 0.85 * device.totalBytes - device.observedBytes;
}

/** The part of a slot request that says where a model may run, and which host has it by now. */
export async function placeModel({ pool, deviceIds }: Models, model: AvailableModel) {
  const hosts = await pool.describe();
  const places = deviceIds.map((deviceId) => ({ deviceId, hostId: pool.hostId(model, deviceId) }));
  const isWarm = (hostId: string) =>
    hosts.some((host) => host.hostId === hostId && host.models.some(({ digest }) => digest === model.digest));
  const hostId = (places.find((place) => isWarm(place.hostId)) ?? places[0])?.hostId ?? "";
  const heldBytes = hosts.find((host) => host.hostId === hostId)?.usedBytes ?? 0;
  const deviceId = places.find((place) => place.hostId === hostId)?.deviceId;
  const patienceMs = await pool.patienceMs(model, deviceId);
  const isCold = !isWarm(hostId);
  return {
    deviceIds: [...deviceIds],
    hostId,
    heldBytes,
    patienceMs,
    isCold,
    model: model.name,
    modelDigest: model.digest,
  };
}

/** Compute tokens of a run: its threads on a processor, its class's share of a GPU. */
export function modelTokens({ gpus, threads }: Models, { workClass }: AvailableModel): number {
  if (gpus === undefined) return threads;
  return { light: 1, heavy: 2, exclusive: 4 }[workClass];
}

/**
 * What a run took of its device at its peak: a runtime keeps its high-water mark, so that is what the host holds now.
 * `serviceBytes` is what the service itself held of the machine's memory. Undefined where a GPU does not tell.
 */
export async function measureModelPeak(
  { gpus }: Models,
  host: InferenceHost,
  deviceId: string,
  serviceBytes: number,
): Promise<number | undefined> {
  if (gpus === undefined) return (await host.memory()).anonymousBytes + serviceBytes;
  const { pid } = await host.describe();
  return pid === null
    ? undefined
    : gpus
        .gpus()
        .find((gpu) => gpu.deviceId === deviceId)
        ?.processes.get(pid);
}

/** Lets the scheduler see the hosts of a pool and take their memory back. */
export function toDeviceOwner({ pool, gpus }: Models, metrics: Metrics): DeviceOwner {
  return {
    describeGpus: () =>
      Promise.all((gpus?.gpus() ?? []).map(async (gpu) => toGpuReport(gpu, await pool.describe(gpu.deviceId)))),
    async describeHosts(): Promise<HostReport[]> {
      const hosts = await pool.describe();
      exportHosts(metrics, hosts);
      return hosts.map(({ hostId, usedBytes, busy, models }) => ({
        hostId,
        usedBytes,
        busy,
        models: models.map((model) => ({ ...model })),
      }));
    },
    async evictHost(hostId) {
      await pool.evict(hostId);
    },
    async cleanUp() {
      const idle = (await pool.describe()).filter(({ busy, models }) => !busy && !models.some(({ pinned }) => pinned));
      await Promise.all(idle.map(({ hostId }) => pool.evict(hostId)));
    },
  };
}

function parseProvider(text: string): Provider {
  if (!knownProviders.includes(text)) throw expected("providers", `names among ${knownProviders.join(", ")}`, text);
  return text as Provider;
}
