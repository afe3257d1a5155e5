import { ServiceEntry } from "@pixelmesh/proto";
import type { Bus } from "../connection/connect.ts";
import { waitForBroker } from "../connection/wait-for-broker.ts";
import { openStore } from "./store.ts";

/** What a process says of itself; see ServiceEntry. */
export type ServiceFacts = Omit<ServiceEntry, "startedUnixMs" | "pid">;

const refreshMs = 5_000;

/** Keeps a process listed in the bucket `services` until the answer is called; a dead process drops out after 15 s. */
export async function announceService(bus: Bus, facts: ServiceFacts): Promise<() => Promise<void>> {
  const store = await openStore(bus, "services", ServiceEntry);
  const key = `${facts.service}.${facts.instance}`;
  const entry = { ...facts, startedUnixMs: Date.now(), pid: process.pid };
  await waitForBroker(bus.log, () => store.put(key, entry));
  const timer = setInterval(() => {
    store.put(key, entry).catch((error: unknown) => bus.log.debug({ err: error }, "announcing failed; tried again"));
  }, refreshMs);
  return async () => {
    clearInterval(timer);
    await store.delete(key);
  };
}

/** Every process that is announced now, by service and instance, and when it last said so. */
export async function listServices(bus: Bus): Promise<(ServiceEntry & { readonly seenUnixMs: number })[]> {
  const store = await openStore(bus, "services", ServiceEntry);
  const entries = await Promise.all((await store.list(">")).map((key) => store.get(key)));
  return entries
    .flatMap((entry) => (entry ? [{ ...entry.value, seenUnixMs: entry.writtenUnixMs }] : []))
    .sort((a, b) => (a.service + a.instance < b.service + b.instance ? -1 : 1));
}
