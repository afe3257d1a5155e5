import { availableParallelism } from "node:os";
import { delimiter } from "node:path";
import { type ConfigOf, field } from "@pixelmesh/config";
import { defaultHostLimits, type HostLimits, type RoomRules } from "@pixelmesh/inference";
import { readHostMemory } from "../devices/machine-memory.ts";
import type { workerFields } from "../worker-fields.ts";

const mib = 2 ** 20;

/** Machines below this hold one model at a time: a large one, its working memory and the services fill 4 GiB. */
const manyModelsFromBytes = 6 * 1024 * mib;

/** Settings of every service that runs models, on top of workerFields. */
export function modelFields(area: string) {
  const machineMib = Math.floor(readHostMemory().totalBytes / mib);
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
      { min: 1, max: 256 },
    ),
    preload: field.list(`PIXELMESH_${area}_PRELOAD`, "", "Models that are loaded at the start and kept."),
    modelsAtOnce: field.choice(
      `PIXELMESH_${area}_MODELS_AT_ONCE`,
      ["auto", "one", "many"],
      "auto",
      "Whether models may be in memory together on one device; auto: one below 6 GiB of memory. Pinned ones always may.",
    ),
    modelsMemoryBytes: field.byteSize(
      `PIXELMESH_${area}_MODELS_MEMORY`,
      `${Math.max(256, Math.floor(machineMib * 0.4))}MiB`,
      "Memory of all inference hosts on a device beyond which the least recently used model goes for another.",
      { min: mib },
    ),
    modelMinResidentMs: field.duration(
      `PIXELMESH_${area}_MODEL_MIN_RESIDENT`,
      "30s",
      "How long at most a model is protected from another; it is for ten times as long as it took to load.",
      { max: 600_000 },
    ),
    hostIdleMs: field.duration(
      `PIXELMESH_${area}_HOST_IDLE`,
      "5m",
      "A model that was idle for so long is unloaded, its host ended with the last.",
      { min: 1_000 },
    ),
    hostRecycleAfter: field.integer(
      `PIXELMESH_${area}_HOST_RECYCLE_AFTER`,
      "10000",
      "Tiles after which an inference host is replaced by a fresh one.",
      { min: 1 },
    ),
    hostMemoryBytes: field.byteSize(
      `PIXELMESH_${area}_HOST_MEMORY`,
      `${Math.max(512, Math.floor(machineMib * 0.5))}MiB`,
      "An inference host that holds more than this between tiles is replaced, every 30 s at most.",
      { min: mib },
    ),
    hostRunTimeoutMs: field.duration(
      `PIXELMESH_${area}_HOST_RUN_TIMEOUT`,
      "5m",
      "An inference host that is silent for so long at one tile is killed.",
      { min: 1_000, max: 3_600_000 },
    ),
    hostFaults: field.list(
      `PIXELMESH_${area}_HOST_FAULTS`,
      "",
      "For tests only: faults of inference hosts, such as oom:above=256 (docs/reliability.md).",
    ),
  } as const;
}

/** Values of `modelFields` and `workerFields`. */
export type ModelConfig = ConfigOf<ReturnType<typeof modelFields> & ReturnType<typeof workerFields>>;

/** The bounds of hosts that the settings make. */
export function toHostLimits(config: ModelConfig): HostLimits {
  return {
    ...defaultHostLimits,
    runTimeoutMs: config.hostRunTimeoutMs,
    recycleAfterRuns: config.hostRecycleAfter,
    recycleAboveBytes: config.hostMemoryBytes,
  };
}

/** What may be resident together on a machine of this size. */
export function toRoomRules(config: ModelConfig, machineBytes: number): RoomRules {
  const isOne = config.modelsAtOnce === "one" || (config.modelsAtOnce === "auto" && machineBytes < manyModelsFromBytes);
  return {
    maxBytes: config.modelsMemoryBytes,
    maxModels: isOne ? 1 : Number.POSITIVE_INFINITY,
    minResidentMs: config.modelMinResidentMs,
  };
}
