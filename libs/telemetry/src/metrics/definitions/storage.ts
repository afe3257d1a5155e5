import { workerRoles } from "@pixelmesh/roles";
import { blobKinds, type Definition } from "./definition.ts";

/** The tiers of a store with a shared store below it: memory, the disk of the replica, the shared store. */
const tiers = ["hot", "warm", "cold"] as const;
/** Bucket edges in seconds for reads from a tier, from memory to a slow shared store. */
const retrievalSeconds = [
  0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25, 0.5, 1, 2, 5, 10,
] as const;
/** Bucket edges in seconds for the time since the last use: a minute to 14 days. */
const ageSeconds = [60, 600, 3_600, 6 * 3_600, 86_400, 2 * 86_400, 3 * 86_400, 7 * 86_400, 14 * 86_400] as const;

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
    help: "Free bytes on the file system of the store, as read at the last sweep or upload.",
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
  pixelmesh_storage_tier_bytes: {
    type: "gauge",
    help: "Bytes in each tier: `hot` (memory), `warm` (disk of the replica), `cold` (shared store; from the replica that sweeps it). 0 without a shared store.",
    labels: { tier: tiers },
    from: ["storage"],
  },
  pixelmesh_storage_tier_blobs: {
    type: "gauge",
    help: "Blobs in each tier, as `pixelmesh_storage_tier_bytes`.",
    labels: { tier: tiers },
    from: ["storage"],
  },
  pixelmesh_storage_tier_reads_total: {
    type: "counter",
    help: "Reads by tier. `hit`: the tier served it; `miss`: the next tier was asked, or the read failed in the last one.",
    labels: { tier: tiers, result: ["hit", "miss"] },
    from: ["storage"],
  },
  pixelmesh_storage_retrieval_seconds: {
    type: "histogram",
    help: "Time until the first byte of a read was ready, by the tier that served it.",
    labels: { tier: tiers },
    from: ["storage"],
    buckets: retrievalSeconds,
  },
  pixelmesh_storage_promotions_total: {
    type: "counter",
    help: "Blobs copied to a faster tier because they were read.",
    labels: { tier: ["hot", "warm"] },
    from: ["storage"],
  },
  pixelmesh_storage_evicted_age_seconds: {
    type: "histogram",
    help: "Time since the last use of blobs that were evicted from a tier or expired there.",
    labels: { tier: tiers },
    from: ["storage"],
    buckets: ageSeconds,
  },
  pixelmesh_storage_corrupt_total: {
    type: "counter",
    help: "Copies with wrong bytes that were set aside, by tier.",
    labels: { tier: tiers },
    from: ["storage"],
  },
  pixelmesh_storage_cold_up: {
    type: "gauge",
    help: "1 while the shared store answers, 0 while it does not; 0 without one.",
    labels: {},
    from: ["storage"],
  },
  pixelmesh_storage_cold_failures_total: {
    type: "counter",
    help: "Failed calls of the shared store. `full`: it takes no more bytes; `unavailable`: it does not answer, or refuses.",
    labels: { reason: ["full", "unavailable"] },
    from: ["storage"],
  },
  pixelmesh_steps_waiting_for_storage: {
    type: "gauge",
    help: "Finished steps that wait for the store to take their result.",
    labels: {},
    from: workerRoles,
  },
} as const satisfies Record<string, Definition>;
