import { ServiceEntry } from "@pixelmesh/proto";
import type { Bus } from "../connection/connect.ts";
import { waitForBroker } from "../connection/wait-for-broker.ts";
import { openStore } from "./store.ts";

/** The description of a process; see ServiceEntry. */
export type ServiceFacts = Omit<ServiceEntry, "startedUnixMs" | "pid">;

const refreshMs = 5_000;

/** Lists a process in the bucket `services` until the returned function is called. The entry of a dead process expires after 15 s. */
export async function announceService(bus: Bus, facts: ServiceFacts): Promise<() => Promise<void>> {
  const store = await openStore(bus, "services", ServiceEntry);
  const key = `${facts.service}.${facts.instance}`;
  const entry = { ...facts, startedUnixMs: Date.now(), pid: process.pid };
  await waitForBroker(bus.log, () => store.put(key, entry));
  const timer = setInterval(() => {
    store.put(key, entry).catch((error: unknown) => bus.log.debug({ err: error }, "announcement failed; retrying"));
  }, refreshMs);
  return async () => {
    clearInterval(timer);
    await store.delete(key);
  };
}

/** Returns every announced process, sorted by service and instance, with the time of its last announcement. */
export async function listServices(bus: Bus): Promise<(ServiceEntry & { readonly seenUnixMs: number })[]> {
  const store = await openStore(bus, "services", ServiceEntry);
  const entries = await Promise.all((await store.list(">")).map((key) => store.get(key)));
  return entries
    .flatMap((entry) => (entry ? [{ ...entry.value, seenUnixMs: entry.writtenUnixMs }] : []))
    .sort((a, b) => (a.service + a.instance < b.service + b.instance ? -1 : 1));
}
