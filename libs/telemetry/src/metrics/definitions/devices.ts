import { modelRoles, workerRoles } from "@pixelmesh/roles";
import { type Definition, jobSeconds, modelOperations, operations, rpcSeconds, waitSeconds } from "./definition.ts";

/** Why inference hosts end, as `HostEndReason` of `libs/inference` lists them. */
const hostEndReasons = [
  "crashed",
  "hung",
  "poisoned",
  "out_of_memory",
  "recycled",
  "not_proven",
  "idle",
  "evicted",
  "unloaded",
  "closed",
] as const;
/** ONNX Runtime's execution providers, as `Provider` of `libs/inference` lists them. */
const providers = ["tensorrt", "cuda", "webgpu", "cpu"] as const;

/** Metrics of devices, slots, models and inference hosts. */
export const deviceMetrics = {
  pixelmesh_slot_wait_seconds: {
    type: "histogram",
    help: "Wait for a slot, from request to grant.",
    labels: { operation: operations, result: ["granted"] },
    from: workerRoles,
    buckets: waitSeconds,
  },
  pixelmesh_slots: {
    type: "gauge",
    help: "Slots held.",
    labels: { work_class: "open" },
    from: ["scheduler"],
  },
  pixelmesh_slots_waiting: {
    type: "gauge",
    help: "Requests that wait for a slot.",
    labels: { work_class: "open" },
    from: ["scheduler"],
  },
  pixelmesh_slot_refused_total: {
    type: "counter",
    help: "Slot requests refused.",
    labels: { reason: "open" },
    from: ["scheduler"],
  },
  pixelmesh_device_memory_bytes: {
    type: "gauge",
    help: "Memory of a device by kind: total, observed in use, committed to slots, used by other programs (external), and quarantined after a host ended.",
    labels: { device: "open", kind: "open" },
    from: ["scheduler", ...workerRoles],
  },
  pixelmesh_device_zone: {
    type: "gauge",
    help: "Zone of a device: 0 green, 1 amber, 2 red.",
    labels: { device: "open" },
    from: ["scheduler"],
  },
  pixelmesh_device_info: {
    type: "gauge",
    help: "Always 1, from each process that reports a device: its kind (`gpu` or `host`), and the name of its card or machine.",
    labels: { device: "open", kind: "open", name: "open" },
    from: workerRoles,
  },
  pixelmesh_gpus: {
    type: "gauge",
    help: "GPUs of the process. `expected`: found at its start, at least 1 if its settings name a GPU provider; `readable`: with a fresh reading now.",
    labels: { state: ["expected", "readable"] },
    from: modelRoles,
  },
  pixelmesh_out_of_memory_total: {
    type: "counter",
    help: "Runs of a model that ran out of memory, by the action taken.",
    labels: { operation: modelOperations, action: ["smaller", "alone", "failed"] },
    from: modelRoles,
  },
  pixelmesh_hosts: {
    type: "gauge",
    help: "Inference hosts with a proven provider.",
    labels: { provider: providers },
    from: modelRoles,
  },
  pixelmesh_host_memory_bytes: {
    type: "gauge",
    help: "Anonymous memory of all inference hosts.",
    labels: {},
    from: modelRoles,
  },
  pixelmesh_host_start_seconds: {
    type: "histogram",
    help: "Start of an inference host, from spawn to proven provider.",
    labels: { provider: "open" },
    from: modelRoles,
    buckets: rpcSeconds,
  },
  pixelmesh_host_ends_total: {
    type: "counter",
    help: "Inference hosts that ended. `not_proven`: none of its providers worked, so it never started.",
    labels: { reason: hostEndReasons },
    from: modelRoles,
  },
  pixelmesh_tile_seconds: {
    type: "histogram",
    help: "Runs of a model on a tile, including the wait in the host.",
    labels: { model: "open", outcome: "open" },
    from: modelRoles,
    buckets: jobSeconds,
  },
  pixelmesh_tile_repeats_total: {
    type: "counter",
    help: "Tiles that were run again on a new host.",
    labels: { reason: "open" },
    from: modelRoles,
  },
  pixelmesh_models_loaded: {
    type: "gauge",
    help: "Loaded models.",
    labels: { pinned: ["true", "false"] },
    from: modelRoles,
  },
  pixelmesh_model_evictions_total: {
    type: "counter",
    help: "Models unloaded to load another one.",
    labels: { model: "open", reason: "open" },
    from: modelRoles,
  },
  pixelmesh_model_load_seconds: {
    type: "histogram",
    help: "Time to load a model.",
    labels: { model: "open" },
    from: modelRoles,
    buckets: jobSeconds,
  },
} as const satisfies Record<string, Definition>;
