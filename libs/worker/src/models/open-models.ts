import { expected } from "@pixelmesh/errors";
import type { GpuReader } from "@pixelmesh/gpu";
import {
  createHostPool,
  type HostPool,
  loadRegistry,
  type ModelRegistry,
  type ModelTask,
  type Provider,
  parseHostFault,
  withBundledModels,
} from "@pixelmesh/inference";
import type { ServiceBase } from "@pixelmesh/service";
import { type HostMemorySource, readHostMemory } from "../devices/machine-memory.ts";
import { toMemorySource } from "../worker-fields.ts";
import { openModelDevices } from "./gpu-devices.ts";
import { createHostObserver } from "./host-metrics.ts";
import { type ModelConfig, toEvictionRules, toHostLimits } from "./model-fields.ts";

/** The models of a service and the host pool that runs them. */
export type Models = {
  readonly registry: ModelRegistry;
  readonly pool: HostPool;
  readonly task: ModelTask;
  readonly threads: number;
  /** Devices that models may run on, preferred first. */
  readonly deviceIds: readonly string[];
  /** Undefined if models run on the processor. */
  readonly gpus: GpuReader | undefined;
};

const knownProviders: readonly string[] = ["tensorrt", "cuda", "webgpu", "cpu"] satisfies Provider[];

/** Reads the registry and opens the host pool; the lifecycle closes it. Loads no model. */
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
  if (faults.length > 0) log.warn({ faults }, "faults are injected into inference hosts");
  const pool = createHostPool({
    name: worker,
    devices,
    log,
    idleTtlMs: config.hostIdleMs,
    faults,
    limits: toHostLimits(config),
    eviction: toEvictionRules(config, readHostMemory(memory).totalBytes),
    hasFreeMemory: (deviceId, bytes) => bytes <= freeBytes(deviceId, gpus, memory),
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

/** Memory of a device, in bytes, that may be used for a short time: up to 85 %, the default bound of the zone in which all work is granted. */
function freeBytes(deviceId: string, gpus: GpuReader | undefined, memory: HostMemorySource): number {
  const device = gpus?.gpus().find((gpu) => gpu.deviceId === deviceId) ?? readHostMemory(memory);
  return 0.85 * device.totalBytes - device.observedBytes;
}

function parseProvider(text: string): Provider {
  if (!knownProviders.includes(text)) throw expected("providers", `names among ${knownProviders.join(", ")}`, text);
  return text as Provider;
}
