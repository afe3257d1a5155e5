import { workerRoles } from "@pixelmesh/roles";
import { blobKinds, type Definition } from "./definition.ts";

/** The room of the store, and what became of it. */
export const storageMetrics = {
  pixelmesh_storage_bytes: {
    type: "gauge",
    help: "Bytes stored: outputs of jobs, uploaded pictures, raw pixels between two steps.",
    labels: { kind: blobKinds },
    from: ["storage"],
  },
  pixelmesh_storage_capacity_bytes: {
    type: "gauge",
    help: "Most bytes that the store holds.",
    labels: {},
    from: ["storage"],
  },
  pixelmesh_storage_reserved_bytes: {
    type: "gauge",
    help: "Room that open jobs have reserved and not used yet.",
    labels: {},
    from: ["storage"],
  },
  pixelmesh_storage_free_bytes: {
    type: "gauge",
    help: "Bytes that are free on the file system of the store, as read when room was last asked for.",
    labels: {},
    from: ["storage"],
  },
  pixelmesh_storage_evictions_total: {
    type: "counter",
    help: "Blobs deleted: their time was over, or the store was full.",
    labels: { kind: blobKinds },
    from: ["storage"],
  },
  pixelmesh_storage_refused_total: {
    type: "counter",
    help: "Calls that failed: full, there was no room; disk, it is read-only, fails or is out of reach.",
    labels: { why: ["full", "disk"] },
    from: ["storage"],
  },
  pixelmesh_steps_waiting_for_storage: {
    type: "gauge",
    help: "Steps that are done and wait for the store to take their result.",
    labels: {},
    from: workerRoles,
  },
} as const satisfies Record<string, Definition>;
