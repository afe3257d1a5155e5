import { workerRoles } from "@pixelmesh/roles";
import { blobKinds, type Definition } from "./definition.ts";

/** Metrics of the blob store. */
export const storageMetrics = {
  pixelmesh_storage_bytes: {
    type: "gauge",
    help: "Bytes stored, by kind: `output` of jobs, `input` (uploaded pictures), `frame` (raw pixels between two steps).",
    labels: { kind: blobKinds },
    from: ["storage"],
  },
  pixelmesh_storage_capacity_bytes: {
    type: "gauge",
    help: "Capacity of the store.",
    labels: {},
    from: ["storage"],
  },
  pixelmesh_storage_reserved_bytes: {
    type: "gauge",
    help: "Space that open jobs have reserved and not used yet.",
    labels: {},
    from: ["storage"],
  },
  pixelmesh_storage_free_bytes: {
    type: "gauge",
    help: "Free bytes on the file system of the store, as read at the last reservation.",
    labels: {},
    from: ["storage"],
  },
  pixelmesh_storage_evictions_total: {
    type: "counter",
    help: "Blobs deleted because their retention time was over or the store was full.",
    labels: { kind: blobKinds },
    from: ["storage"],
  },
  pixelmesh_storage_refused_total: {
    type: "counter",
    help: "Calls refused. `full`: no free space; `disk`: the disk is read-only, fails or cannot be reached.",
    labels: { reason: ["full", "disk"] },
    from: ["storage"],
  },
  pixelmesh_steps_waiting_for_storage: {
    type: "gauge",
    help: "Finished steps that wait for the store to take their result.",
    labels: {},
    from: workerRoles,
  },
} as const satisfies Record<string, Definition>;
