import { availableParallelism } from "node:os";
import { delimiter } from "node:path";
import { type ConfigOf, field } from "@pixelmesh/config";
import { defaultHostLimits, type EvictionRules, type HostLimits } from "@pixelmesh/inference";
import { readHostMemory } from "../devices/machine-memory.ts";
import type { workerFields } from "../worker-fields.ts";

const mib = 2 ** 20;

/** Machines with less memory hold one model at a time: a large model, its working memory and the services fill 4 GiB. */
const manyModelsFromBytes = 6 * 1024 * mib;

/** Returns the settings of every role that runs models, in addition to `workerFields`. */
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
      "CPU threads of the runs of models: of one run, or of several runs side by side. A run costs one compute token a thread.",
      { defaultDoc: "number of cores", min: 1, max: 256 },
    ),
    preload: field.list(`PIXELMESH_${area}_PRELOAD`, "", "Models that are loaded at the start and pinned."),
    modelsAtOnce: field.choice(
      `PIXELMESH_${area}_MODELS_AT_ONCE`,
      ["auto", "one", "many"],
      "auto",
      "How many models may be loaded on a device at once; auto: one below 6 GiB of memory. Pinned models may always be loaded.",
    ),
    modelsMemoryBytes: field.byteSize(
      `PIXELMESH_${area}_MODELS_MEMORY`,
      `${Math.max(256, Math.floor(machineMib * 0.4))}MiB`,
      "Memory of all inference hosts on a device above which the least recently used model is evicted for another.",
      { defaultDoc: "40 % of the machine's memory, at least 256MiB", min: mib },
    ),
    modelMinResidentMs: field.duration(
      `PIXELMESH_${area}_MODEL_MIN_RESIDENT`,
      "30s",
      "Longest time for which a loaded model is protected from eviction: ten times its load time, up to this.",
      { max: 600_000 },
    ),
    hostIdleMs: field.duration(
      `PIXELMESH_${area}_HOST_IDLE`,
      "5m",
      "Idle time after which a model is unloaded. A host ends with its last model.",
      { min: 1_000 },
    ),
    hostRecycleAfter: field.integer(
      `PIXELMESH_${area}_HOST_RECYCLE_AFTER`,
      "10000",
      "Tiles after which an inference host is recycled: replaced by a new process.",
      { min: 1 },
    ),
    hostMemoryBytes: field.byteSize(
      `PIXELMESH_${area}_HOST_MEMORY`,
      `${Math.max(512, Math.floor(machineMib * 0.5))}MiB`,
      "Memory between tiles above which an inference host is recycled, at most every 30 s.",
      { defaultDoc: "half of the machine's memory, at least 512MiB", min: mib },
    ),
    hostRunTimeoutMs: field.duration(
      `PIXELMESH_${area}_HOST_RUN_TIMEOUT`,
      "5m",
      "Time after which an inference host that does not finish a tile is killed.",
      { min: 1_000, max: 3_600_000 },
    ),
    hostFaults: field.list(
      `PIXELMESH_${area}_HOST_FAULTS`,
      "",
      "For tests only: faults of inference hosts, such as oom:above=256 (docs/how-to/debug-a-mesh.md).",
    ),
  } as const;
}

/** Values of `modelFields` and `workerFields`. */
export type ModelConfig = ConfigOf<ReturnType<typeof modelFields> & ReturnType<typeof workerFields>>;

/** Converts the settings to host limits. */
export function toHostLimits(config: ModelConfig): HostLimits {
  return {
    ...defaultHostLimits,
    runTimeoutMs: config.hostRunTimeoutMs,
    recycleAfterRuns: config.hostRecycleAfter,
    recycleAboveBytes: config.hostMemoryBytes,
  };
}

/** Returns the rules of which models may be loaded at once on a machine with this memory. */
export function toEvictionRules(config: ModelConfig, machineBytes: number): EvictionRules {
  const isOne = config.modelsAtOnce === "one" || (config.modelsAtOnce === "auto" && machineBytes < manyModelsFromBytes);
  return {
    maxBytes: config.modelsMemoryBytes,
    maxModels: isOne ? 1 : Number.POSITIVE_INFINITY,
    minResidentMs: config.modelMinResidentMs,
  };
}
