import { availableParallelism } from "node:os";
import { delimiter } from "node:path";
import { type ConfigOf, field } from "@pixelmesh/config";
import { expected } from "@pixelmesh/errors";
import {
  bundledModelsDir,
  createHostPool,
  type HostPool,
  loadRegistry,
  type ModelRegistry,
  type ModelTask,
  type Provider,
} from "@pixelmesh/inference";
import type { HostReport } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import type { DeviceOwner } from "./device.ts";
import { readHostMemory } from "./host-memory.ts";

/** Settings of every service that runs models, on top of workerFields. */
export function modelFields(area: string) {
  return {
    modelsDirs: field.list(
      "PIXELMESH_MODELS_DIR",
      "",
      "Further directories with models, besides the product's own.",
      delimiter,
    ),
    providers: field.list(
      `PIXELMESH_${area}_PROVIDERS`,
      "cpu",
      "Execution providers in order of preference: tensorrt, cuda, webgpu, cpu.",
    ),
    threads: field.integer(
      `PIXELMESH_${area}_THREADS`,
      String(availableParallelism()),
      "CPU threads of one run; that many compute tokens it costs.",
      {
        min: 1,
        max: 256,
      },
    ),
    hostIdleMs: field.duration(
      `PIXELMESH_${area}_HOST_IDLE`,
      "5m",
      "An inference host that was idle for so long is ended.",
      { min: 1_000 },
    ),
  } as const;
}

type ModelConfig = ConfigOf<ReturnType<typeof modelFields>>;

/** The models of a service and the processes that run them. */
export type Models = {
  readonly registry: ModelRegistry;
  readonly pool: HostPool;
  readonly task: ModelTask;
  readonly threads: number;
};

const knownProviders: readonly string[] = ["tensorrt", "cuda", "webgpu", "cpu"] satisfies Provider[];

/** Reads the registry and opens the pool of inference hosts; closed by the lifecycle. No model is loaded yet. */
export async function openModels(base: ServiceBase, config: ModelConfig, task: ModelTask): Promise<Models> {
  const { log, life, worker } = base;
  const registry = await loadRegistry({ dirs: [bundledModelsDir, ...config.modelsDirs] });
  for (const { entry, unavailableReason, refused } of registry.list()) {
    const facts = { model: entry.name, why: unavailableReason };
    if (entry.task !== task || unavailableReason === "") continue;
    if (refused) log.warn(facts, "model is refused");
    else log.info(facts, "model is not available");
  }
  const pool = createHostPool({
    name: worker,
    devices: [
      {
        deviceId: readHostMemory().deviceId,
        providers: config.providers.map(parseProvider),
        threads: { intraOp: config.threads, interOp: 1 },
      },
    ],
    log,
    idleTtlMs: config.hostIdleMs,
  });
  life.defer("inference hosts", pool.close, 20_000);
  return { registry, pool, task, threads: config.threads };
}

/** Lets the scheduler see the hosts of a pool and take their memory back. */
export function toDeviceOwner({ pool }: Models): DeviceOwner {
  return {
    async describeHosts(): Promise<HostReport[]> {
      const hosts = await pool.describe();
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
