import { setTimeout as sleep } from "node:timers/promises";
import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { KvOptions } from "@nats-io/kv";
import { workerRoles } from "@pixelmesh/roles";
import type { Bus } from "../connection/connect.ts";
import { waitForBroker } from "../connection/wait-for-broker.ts";
import { removeAbandonedConsumers } from "../consume/remove-abandoned-consumers.ts";
import { applyBound, isNoRoom } from "./apply-bound.ts";
import { planBounds, type StreamBounds } from "./stream-bounds.ts";
import { eventConsumer, workConsumers, workStream } from "./subjects.ts";

const dayMs = 24 * 3_600_000;
const nanosPerMs = 1e6;
/** A stream of this name exists with other settings; its subjects are another's. */
const existsOtherwise = 10058;
const streamExists: ReadonlySet<number> = new Set([existsOtherwise, 10065]);
const leastStoreBytes = 64 * 2 ** 20;

type StreamPlan = Partial<StreamConfig> & {
  readonly name: string;
  readonly subjects: string[];
  readonly max_bytes: number;
};

/** How long a lease outlives its last renewal, in milliseconds. */
export const leaseTtlMs = 10_000;

/** Streams: work is never dropped and never expires; events and dead letters are kept for their time. */
const planStreams = ({ work, events, deadLetters }: StreamBounds): readonly StreamPlan[] => [
  ...workerRoles.map((service) => ({
    name: workStream(service),
    subjects: [`work.${service}.>`],
    retention: RetentionPolicy.Workqueue,
    discard: DiscardPolicy.New,
    max_msgs: 100_000,
    max_bytes: work[service],
    max_msg_size: 256 * 1024,
    duplicate_window: 120_000 * nanosPerMs,
  })),
  {
    name: "JOB_EVENTS",
    subjects: ["jobs.*.*.*"],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: 7 * dayMs * nanosPerMs,
    max_bytes: events,
    max_msg_size: 64 * 1024,
    duplicate_window: 120_000 * nanosPerMs,
  },
  {
    name: "DLQ",
    subjects: ["dlq.>"],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.Old,
    max_age: 30 * dayMs * nanosPerMs,
    max_bytes: deadLetters,
    max_msg_size: 512 * 1024,
  },
];

/** Buckets: what they hold is said in proto/pixelmesh/work/v1. A time to live counts from the last write of a key. */
const buckets = [
  // A specification is at most 128 KiB (MAX_SPEC_BYTES); a record grows with what its steps answer.
  { name: "jobs", ttlMs: 7 * dayMs, maxValueBytes: 512 * 1024 },
  { name: "requests", ttlMs: 7 * dayMs, maxValueBytes: 4 * 1024 },
  { name: "results", ttlMs: 7 * dayMs, maxValueBytes: 64 * 1024 },
  // Longer than any deadline: an entry goes when its job ends.
  { name: "open", ttlMs: 7 * dayMs, maxValueBytes: 1024 },
  { name: "waits", ttlMs: 2 * dayMs, maxValueBytes: 1024 },
  { name: "leases", ttlMs: leaseTtlMs, maxValueBytes: 1024 },
  { name: "services", ttlMs: 15_000, maxValueBytes: 4 * 1024 },
  { name: "cards", ttlMs: 0, maxValueBytes: 4 * 1024 },
] as const;

/**
 * Makes every stream, consumer and bucket as planned, changes the bounds of those that are there, and removes consumers that
 * listings of earlier releases left; safe to repeat and to run from several processes at once. A broker with less room than
 * the bounds ask for gets them all halved until they fit. Waits up to `patienceMs` for a broker that does not answer; throws
 * BROKER_UNAVAILABLE after that, and at once what the broker refuses.
 */
export async function provision(bus: Bus, patienceMs = 10_000): Promise<void> {
  await waitForBroker(bus.log, () => provisionOnce(bus), patienceMs);
}

async function provisionOnce(bus: Bus): Promise<void> {
  const { boundSettings, log } = bus;
  for (let storeBytes = boundSettings.natsStoreMaxBytes; ; storeBytes = Math.floor(storeBytes / 2)) {
    try {
      await provisionWithin(bus, planBounds({ ...boundSettings, natsStoreMaxBytes: storeBytes }));
      return;
    } catch (error) {
      if (!isNoRoom(error) || storeBytes < leastStoreBytes) throw error;
      log.warn(
        { storeBytes },
        "the broker has less room than the bounds ask for; all are halved (PIXELMESH_NATS_STORE_MAX)",
      );
    }
  }
}

async function provisionWithin(bus: Bus, bounds: StreamBounds): Promise<void> {
  // The largest first: what does not fit is found before anything else has changed.
  for (const { name, ttlMs, maxValueBytes } of buckets) {
    await ensureBucket(bus, name, { ttl: ttlMs, max_bytes: bounds.buckets[name], maxValueSize: maxValueBytes });
    await applyBound(bus, `KV_${name}`, bounds.buckets[name], maxValueBytes);
    await removeAbandonedConsumers(bus, `KV_${name}`);
  }
  for (const plan of planStreams(bounds)) await ensureStream(bus, plan);
  for (const service of workerRoles) {
    const { stream, durables } = workConsumers(service);
    for (const [at, priority] of (["interactive", "batch"] as const).entries()) {
      await ensureConsumer(bus, stream, durables[at] as string, `work.${service}.${priority}.>`);
    }
  }
  await ensureConsumer(bus, eventConsumer.stream, eventConsumer.durable, "jobs.>");
}

/** A broker may refuse a bucket that another process makes at this moment; a moment later it is there. */
async function ensureBucket({ kvm, replicas }: Bus, name: string, limits: Partial<KvOptions>): Promise<void> {
  for (let triesLeft = 10; ; triesLeft--) {
    try {
      await kvm.create(name, { ...limits, history: 1, replicas, storage: StorageType.File });
      return;
    } catch (error) {
      const isThere = error instanceof JetStreamApiError && streamExists.has(error.code);
      if (!isThere || triesLeft <= 0) throw error;
      await sleep(100);
    }
  }
}

async function ensureStream(bus: Bus, plan: StreamPlan): Promise<void> {
  const { jsm, replicas } = bus;
  const config = { ...plan, storage: StorageType.File, num_replicas: replicas };
  try {
    await jsm.streams.add(config);
  } catch (error) {
    // As after an upgrade.
    if (!(error instanceof JetStreamApiError && error.code === existsOtherwise)) throw error;
    const { max_bytes } = (await jsm.streams.info(plan.name)).config;
    await jsm.streams.update(plan.name, { ...config, max_bytes });
    await applyBound(bus, plan.name, plan.max_bytes);
  }
}

async function ensureConsumer({ jsm, ackWaitMs }: Bus, stream: string, durable: string, filter: string): Promise<void> {
  await jsm.consumers.add(stream, {
    durable_name: durable,
    filter_subject: filter,
    ack_policy: AckPolicy.Explicit,
    deliver_policy: DeliverPolicy.All,
    ack_wait: ackWaitMs * nanosPerMs,
    max_deliver: -1,
    max_ack_pending: 4_096,
    max_waiting: 1_024,
  });
}
