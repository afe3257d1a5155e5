import { ConfigError } from "@pixelmesh/config";
import type { Codec } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";
import { waitForBroker } from "../connection/wait-for-broker.ts";
import { openStore } from "../kv/store.ts";
import { ensureBucket } from "./ensure-bucket.ts";

const bucket = "mesh";
const key = "owner";

const text: Codec<string> = {
  encode: (value) => ({ finish: () => new TextEncoder().encode(value) }),
  decode: (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes),
};

/**
 * Records `bus.owner` as the owner of the NATS account, if none is recorded. Two meshes on one account would take each other's work.
 * Does nothing without an owner. Throws ConfigError if the account belongs to another mesh, and what `waitForBroker` throws.
 */
export async function claimAccount(bus: Bus, timeoutMs?: number): Promise<void> {
  const { owner, log } = bus;
  if (owner === "") return;
  const recorded = await waitForBroker(log, () => recordOwner(bus, owner), timeoutMs);
  if (recorded === owner) return;
  throw new ConfigError([
    `Expected the NATS account to belong to \`${owner}\` (PIXELMESH_NATS_OWNER), got \`${recorded}\`, which uses it: give this mesh an account of its own, or, if that mesh is gone, run: nats kv del ${bucket} ${key}`,
  ]);
}

/** Returns the recorded owner: of several processes that record one at the same time, the first. */
async function recordOwner(bus: Bus, owner: string): Promise<string> {
  await ensureBucket(bus, bucket, { max_bytes: 64 * 1024, maxValueSize: 1024 });
  const store = await openStore(bus, bucket, text);
  const found = await store.get(key);
  if (found !== undefined) return found.value;
  if ((await store.create(key, owner)) !== undefined) return owner;
  return (await store.get(key))?.value ?? owner;
}
