import { isDeepStrictEqual } from "node:util";
import {
  AckPolicy,
  DeliverPolicy,
  type DiscardPolicy,
  JetStreamApiError,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import { workerRoles } from "@pixelmesh/roles";
import type { Bus } from "../connection/connect.ts";
import { waitForBroker } from "../connection/wait-for-broker.ts";
import { removeAbandonedConsumers } from "../consume/remove-abandoned-consumers.ts";
import { claimAccount } from "./account-owner.ts";
import { applyBound, isStoreFull } from "./apply-bound.ts";
import { ensureBucket } from "./ensure-bucket.ts";
import { provisionInTurn } from "./provision-turn.ts";
import { planBounds, type StreamBounds } from "./stream-bounds.ts";
import { buckets, planStreams, type StreamPlan } from "./stream-plans.ts";
import { eventConsumer, workConsumers } from "./subjects.ts";

const nanosPerMs = 1e6;
/** JetStream API code: there is no stream of this name. */
const notFound = 10059;
const leastStoreBytes = 64 * 2 ** 20;
/** Streams of earlier releases, whose bounds would count. The request id of a job was in `requests`; it is in the specification now. */
const formerStreams = ["KV_requests"];

/**
 * Creates all streams, consumers and buckets, changes the bounds of existing ones, and removes consumers that listings of earlier
 * releases left. Idempotent; several processes may run it at once. If the broker's store is too small, all bounds are halved until they
 * fit. Waits up to `timeoutMs` for the broker, then throws BROKER_UNAVAILABLE; throws at once if the broker refuses, or if the account
 * belongs to another mesh.
 */
export async function provision(bus: Bus, timeoutMs = 10_000): Promise<void> {
  await claimAccount(bus, timeoutMs);
  const bounds = planBounds(bus.boundSettings);
  await waitForBroker(bus.log, () => provisionInTurn(bus, bounds, () => provisionOnce(bus)), timeoutMs);
}

async function provisionOnce(bus: Bus): Promise<void> {
  const { boundSettings, log } = bus;
  for (let storeBytes = boundSettings.natsStoreMaxBytes; ; storeBytes = Math.floor(storeBytes / 2)) {
    try {
      await provisionWithin(bus, planBounds({ ...boundSettings, natsStoreMaxBytes: storeBytes }));
      return;
    } catch (error) {
      if (!isStoreFull(error) || storeBytes < leastStoreBytes) throw error;
      log.warn(
        { storeBytes },
        "the broker's store is too small for the bounds; all are halved (PIXELMESH_NATS_STORE_MAX)",
      );
    }
  }
}

async function provisionWithin(bus: Bus, bounds: StreamBounds): Promise<void> {
  for (const stream of formerStreams) await removeStream(bus, stream);
  // Buckets are the largest: if they do not fit, that is found before anything else has changed.
  for (const { name, ttlMs, maxValueBytes, discard } of buckets) {
    await ensureBucket(bus, name, { ttl: ttlMs, max_bytes: bounds.buckets[name], maxValueSize: maxValueBytes });
    await applyBound(bus, `KV_${name}`, bounds.buckets[name], maxValueBytes);
    if (discard) await applyDiscard(bus, `KV_${name}`, discard);
    await removeAbandonedConsumers(bus, `KV_${name}`);
  }
  for (const plan of planStreams(bounds)) await ensureStream(bus, plan);
  for (const role of workerRoles) {
    const { stream, durables } = workConsumers(role);
    for (const [at, priority] of (["interactive", "batch"] as const).entries()) {
      await ensureConsumer(bus, stream, durables[at] as string, `work.${role}.${priority}.>`);
    }
  }
  await ensureConsumer(bus, eventConsumer.stream, eventConsumer.durable, "jobs.>");
}

/** The client creates buckets that refuse writes when they are full. */
async function applyDiscard({ jsm }: Bus, stream: string, discard: DiscardPolicy): Promise<void> {
  const { config } = await jsm.streams.info(stream);
  if (config.discard !== discard) await jsm.streams.update(stream, { ...config, discard });
}

async function removeStream({ jsm }: Bus, name: string): Promise<void> {
  try {
    await jsm.streams.delete(name);
  } catch (error) {
    if (!(error instanceof JetStreamApiError && error.code === notFound)) throw error;
  }
}

/** A stream that exists is not added again: the broker would ask for its space a second time. */
async function ensureStream(bus: Bus, plan: StreamPlan): Promise<void> {
  const { jsm, replicas } = bus;
  const config = { ...plan, storage: StorageType.File, num_replicas: replicas };
  const found = await findStream(bus, plan.name);
  if (found === undefined) return void (await jsm.streams.add(config));
  // After an upgrade, a stream may exist with other settings.
  const { max_bytes } = found;
  const wanted: Partial<StreamConfig> = { ...config, max_bytes };
  const isChanged = (Object.keys(wanted) as (keyof StreamConfig)[]).some(
    (field) => !isDeepStrictEqual(found[field], wanted[field]),
  );
  if (isChanged) await jsm.streams.update(plan.name, wanted);
  await applyBound(bus, plan.name, plan.max_bytes);
}

async function findStream({ jsm }: Bus, name: string): Promise<StreamConfig | undefined> {
  try {
    return (await jsm.streams.info(name)).config;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === notFound) return undefined;
    throw error;
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
