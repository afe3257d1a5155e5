import { brokerRoles, workerRoles } from "@pixelmesh/roles";
import { boundedBuckets, type Definition, priorities, waitSeconds, workStreams } from "./definition.ts";

/** Metrics of messages, work queues and buckets. */
export const brokerMetrics = {
  pixelmesh_queue_wait_seconds: {
    type: "histogram",
    help: "Wait of a work item from published to taken.",
    labels: { queue: workerRoles, priority: priorities },
    from: workerRoles,
    buckets: waitSeconds,
  },
  pixelmesh_queue_messages: {
    type: "gauge",
    help: "Work items of a queue that wait or run; 0 in replicas that do not reconcile.",
    labels: { queue: workerRoles },
    from: ["ingest"],
  },
  pixelmesh_queue_oldest_wait_seconds: {
    type: "gauge",
    help: "Age of the oldest work item that waits or runs; 0 in replicas that do not reconcile.",
    labels: { queue: workerRoles },
    from: ["ingest"],
  },
  pixelmesh_bucket_bytes: {
    type: "gauge",
    help: "Size of a bucket of jobs, results or batches; 0 in replicas that do not reconcile.",
    labels: { bucket: boundedBuckets },
    from: ["ingest"],
  },
  pixelmesh_bucket_bound_bytes: {
    type: "gauge",
    help: "Size limit of a bucket; 0 in replicas that do not reconcile.",
    labels: { bucket: boundedBuckets },
    from: ["ingest"],
  },
  pixelmesh_bucket_entries: {
    type: "gauge",
    help: "Entries of a bucket; 0 in replicas that do not reconcile.",
    labels: { bucket: boundedBuckets },
    from: ["ingest"],
  },
  pixelmesh_bucket_evictions_total: {
    type: "counter",
    help: "Entries of finished work that were evicted for newer ones.",
    labels: { bucket: boundedBuckets },
    from: ["ingest"],
  },
  pixelmesh_messages_published_total: {
    type: "counter",
    help: "Messages published, by the result of publishing.",
    labels: { stream: "open", result: ["stored", "duplicate", "failed"] },
    from: workerRoles,
  },
  pixelmesh_messages_consumed_total: {
    type: "counter",
    help: "Messages processed, by the answer to the broker (ack, nak or term).",
    labels: { stream: "open", answer: "open", redelivered: "open" },
    from: workerRoles,
  },
  pixelmesh_durable_writes_total: {
    type: "counter",
    help: "Durable writes requested of the broker, by kind of write and by stream or bucket.",
    labels: { what: "open" },
    from: brokerRoles,
  },
  pixelmesh_malformed_messages_total: {
    type: "counter",
    help: "Messages that could not be decoded as their subject requires.",
    labels: { stream: workStreams },
    from: workerRoles,
  },
  pixelmesh_dead_letters_total: {
    type: "counter",
    help: "Messages kept as dead letters.",
    labels: { reason: ["POISON", "MALFORMED"] },
    from: workerRoles,
  },
  pixelmesh_nats_connected: {
    type: "gauge",
    help: "1 while the process is connected to the broker, else 0.",
    labels: {},
    from: brokerRoles,
  },
  pixelmesh_lease_held: {
    type: "gauge",
    help: "1 in the process that holds a lease, else 0: the leading scheduler, and the replica of ingest that reconciles.",
    labels: { lease: ["scheduler", "reconciler"] },
    from: ["ingest", "scheduler"],
  },
  pixelmesh_nats_reconnects_total: {
    type: "counter",
    help: "Reconnections to the broker.",
    labels: {},
    from: brokerRoles,
  },
} as const satisfies Record<string, Definition>;
