import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Lease } from "@pixelmesh/proto";
import type { Bus } from "../connection/connect.ts";
import { openStore } from "../kv/store.ts";
import { ensureBucket } from "./ensure-bucket.ts";
import type { StreamBounds } from "./stream-bounds.ts";
import { buckets, leaseTtlMs, planStreams } from "./stream-plans.ts";

const leaseName = "provision";
const lookEveryMs = 30;
/** Three turns of processes that died. */
const maxWaitMs = 3 * leaseTtlMs;

/**
 * Runs `change`, which creates and changes streams. While streams are missing or have other bounds, one process at a time runs it: the broker counts a stream
 * twice while two processes create it, and refuses the second one for its space although both are one. Then all processes run it side by side. If a
 * process dies in its turn, the next one has its turn after 10 s. After 30 s without a turn `change` runs all the same, with a warning in the log.
 */
export async function provisionInTurn(bus: Bus, bounds: StreamBounds, change: () => Promise<void>): Promise<void> {
  if (await hasBounds(bus, bounds)) return change();
  const maxValueSize = buckets.find(({ name }) => name === "leases")?.maxValueBytes ?? 0;
  await ensureBucket(bus, "leases", { ttl: leaseTtlMs, max_bytes: bounds.buckets.leases, maxValueSize });
  const leases = await openStore(bus, "leases", Lease);
  const holder = randomUUID();
  const startMs = performance.now();
  while (performance.now() - startMs < maxWaitMs) {
    const revision = await leases.create(leaseName, { holder });
    if (revision !== undefined) {
      try {
        return await change();
      } finally {
        await leases.deleteAt(leaseName, revision).catch(() => false);
      }
    }
    await sleep(lookEveryMs);
    if (await hasBounds(bus, bounds)) return change();
  }
  bus.log.warn(
    { waitedMs: maxWaitMs },
    "other processes change the streams for too long; they are changed beside them",
  );
  return change();
}

/** Whether all streams exist with these bounds. */
async function hasBounds({ jsm }: Bus, bounds: StreamBounds): Promise<boolean> {
  const found = new Map<string, number>();
  for await (const { config } of jsm.streams.list()) found.set(config.name, config.max_bytes);
  return (
    buckets.every(({ name }) => found.get(`KV_${name}`) === bounds.buckets[name]) &&
    planStreams(bounds).every(({ name, max_bytes }) => found.get(name) === max_bytes)
  );
}
