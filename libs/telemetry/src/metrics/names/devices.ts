import { modelRoles, workerRoles } from "@pixelmesh/roles";
import { type Definition, jobSeconds, rpcSeconds, stages, waitSeconds } from "./definition.ts";

/** Devices, slots, models and inference hosts. */
export const deviceMetrics = {
  pixelmesh_slot_wait_seconds: {
    type: "histogram",
    help: "From asking for a slot to having it.",
    labels: { stage: stages, result: ["granted"] },
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
    help: "Calls that wait for a slot.",
    labels: { work_class: "open" },
    from: ["scheduler"],
  },
  pixelmesh_slot_refused_total: {
    type: "counter",
    help: "Slots refused.",
    labels: { reason: "open" },
    from: ["scheduler"],
  },
  pixelmesh_device_memory_bytes: {
    type: "gauge",
    help: "Memory of a device: all of it, what is observed in use, what slots are charged, what others use, what an ended host kept.",
    labels: { device: "open", kind: "open" },
    from: ["scheduler", ...workerRoles],
  },
  pixelmesh_device_zone: {
    type: "gauge",
    help: "0 green, 1 amber, 2 red.",
    labels: { device: "open" },
    from: ["scheduler"],
  },
  pixelmesh_out_of_memory_total: {
    type: "counter",
    help: "Inference that ran out of memory, and what was done about it.",
    labels: { stage: ["upscale", "removeBackground"], action: ["smaller", "alone", "failed"] },
    from: modelRoles,
  },
  pixelmesh_hosts: {
    type: "gauge",
    help: "Inference hosts with a proven provider.",
    labels: { provider: "open" },
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
    help: "From spawning an inference host to its proven provider.",
    labels: { provider: "open" },
    from: modelRoles,
    buckets: rpcSeconds,
  },
  pixelmesh_host_ends_total: {
    type: "counter",
    help: "Inference hosts that ended.",
    labels: { reason: "open" },
    from: modelRoles,
  },
  pixelmesh_tile_seconds: {
    type: "histogram",
    help: "Runs of a model, with the wait in the host.",
    labels: { model: "open", outcome: "open" },
    from: modelRoles,
    buckets: jobSeconds,
  },
  pixelmesh_tile_repeats_total: {
    type: "counter",
    help: "Tiles done once more on a fresh host.",
    labels: { reason: "open" },
    from: modelRoles,
  },
  pixelmesh_models_loaded: {
    type: "gauge",
    help: "Models in memory.",
    labels: { pinned: ["true", "false"] },
    from: modelRoles,
  },
  pixelmesh_model_displaced_total: {
    type: "counter",
    help: "Models unloaded for another one.",
    labels: { model: "open", why: "open" },
    from: modelRoles,
  },
  pixelmesh_model_load_seconds: {
    type: "histogram",
    help: "Loading a model.",
    labels: { model: "open" },
    from: modelRoles,
    buckets: jobSeconds,
  },
} as const satisfies Record<string, Definition>;
