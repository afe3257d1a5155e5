import { workerRoles } from "@pixelmesh/roles";
import { type Definition, keptBuckets, lanes, queues, waitSeconds, workStreams } from "./definition.ts";

/** Messages and queues. */
export const brokerMetrics = {
  pixelmesh_queue_wait_seconds: {
    type: "histogram",
    help: "From published to taken, by service and priority.",
    labels: { queue: lanes },
    from: workerRoles,
    buckets: waitSeconds,
  },
  pixelmesh_queue_messages: {
    type: "gauge",
    help: "Steps of a service that wait or run; 0 in replicas that do not reconcile.",
    labels: { queue: queues },
    from: ["ingest"],
  },
  pixelmesh_queue_oldest_wait_seconds: {
    type: "gauge",
    help: "Age of the oldest step that waits or runs; 0 in replicas that do not reconcile.",
    labels: { queue: queues },
    from: ["ingest"],
  },
  pixelmesh_bucket_bytes: {
    type: "gauge",
    help: "What a bucket of jobs, request ids or results holds; 0 in replicas that do not reconcile.",
    labels: { bucket: keptBuckets },
    from: ["ingest"],
  },
  pixelmesh_bucket_bound_bytes: {
    type: "gauge",
    help: "What it may hold; 0 in replicas that do not reconcile.",
    labels: { bucket: keptBuckets },
    from: ["ingest"],
  },
  pixelmesh_bucket_entries: {
    type: "gauge",
    help: "Entries of a bucket; 0 in replicas that do not reconcile.",
    labels: { bucket: keptBuckets },
    from: ["ingest"],
  },
  pixelmesh_bucket_evictions_total: {
    type: "counter",
    help: "Entries of finished work that gave way to newer ones.",
    labels: { bucket: keptBuckets },
    from: ["ingest"],
  },
  pixelmesh_messages_published_total: {
    type: "counter",
    help: "Messages published.",
    labels: { stream: "open", result: ["stored", "duplicate", "failed"] },
    from: workerRoles,
  },
  pixelmesh_messages_consumed_total: {
    type: "counter",
    help: "Messages settled.",
    labels: { stream: "open", settle: "open", redelivered: "open" },
    from: workerRoles,
  },
  pixelmesh_durable_writes_total: {
    type: "counter",
    help: "Durable writes asked of the broker, by what they do to which stream or bucket.",
    labels: { what: "open" },
    from: "all",
  },
  pixelmesh_malformed_messages_total: {
    type: "counter",
    help: "Messages that were not what their subject says.",
    labels: { stream: workStreams },
    from: workerRoles,
  },
  pixelmesh_dead_letters_total: {
    type: "counter",
    help: "Messages kept as dead letters.",
    labels: { reason: ["POISON", "MALFORMED"] },
    from: workerRoles,
  },
  pixelmesh_nats_reconnects_total: {
    type: "counter",
    help: "Times the broker connection came back.",
    labels: {},
    from: "all",
  },
} as const satisfies Record<string, Definition>;
