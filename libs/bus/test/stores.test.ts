import { JobEvent, OpenEntry, ServiceEntry, WaitEntry } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { openStore, partitionOf, publishEvent, readJobEvents } from "../src/index.ts";
import { startTestBus } from "./start-test-bus.ts";

test("a compare-and-set write that loses the race writes nothing", async () => {
  const { bus } = await startTestBus();
  const store = await openStore(bus, "waits", WaitEntry);
  const entry = (jobId: string) => ({ jobId, stepId: "" });
  const created = await store.create("t.a", entry("1"));
  expect(await store.create("t.a", entry("2"))).toBeUndefined();
  const updated = await store.update("t.a", entry("3"), created as number);
  expect(await store.update("t.a", entry("4"), created as number)).toBeUndefined();
  expect(await store.get("t.a")).toMatchObject({ value: entry("3"), revision: updated });
  await store.create("t.b", entry("5"));
  expect((await store.list("t.*")).sort()).toEqual(["t.a", "t.b"]);
  await store.delete("t.a");
  expect(await store.get("t.a")).toBeUndefined();
  expect(await store.create("t.a", entry("6"))).toBeTypeOf("number");
});

test("the log returns the events of one job since a time", async () => {
  const { bus } = await startTestBus();
  expect(await readJobEvents(bus, "a", 0, 100)).toEqual([]);
  const publish = (jobId: string, atUnixMs: number) =>
    publishEvent(bus, JobEvent.fromPartial({ jobId, atUnixMs, event: { $case: "started", value: {} } }));
  for (let at = 1; at <= 20; at++) await publish(at % 2 === 0 ? "a" : "b", at);
  await bus.js.publish(`jobs.${partitionOf("a")}.a.completed`, new Uint8Array([0xff, 0xff]));
  const times = async (...query: [number, number]) => (await readJobEvents(bus, "a", ...query)).map((e) => e.atUnixMs);
  expect(await times(Date.now(), 100)).toEqual([2, 4, 6, 8, 10, 12, 14, 16, 18, 20]);
  expect(await times(0, 3)).toEqual([2, 4, 6]);
  expect(await times(Date.now() + 3_600_000, 100)).toEqual([]);
});

test("a removed key leaves no mark, one call removes it, and removal with a revision keeps a newer value", async () => {
  const { bus } = await startTestBus();
  const store = await openStore(bus, "open", OpenEntry);
  const entry = { jobId: "j", tenant: "t", dueUnixMs: 1 };
  const first = await store.put("t.j", entry);
  await store.put("t.k", entry);
  expect((await store.list(">")).sort()).toEqual(["t.j", "t.k"]);
  await store.put("t.j", { ...entry, dueUnixMs: 2 });
  expect(await store.remove("t.j", first)).toBe(false);
  expect((await store.get("t.j"))?.value.dueUnixMs).toBe(2);
  expect((await Promise.all([1, 2, 3].map(() => store.remove("t.j")))).filter(Boolean)).toHaveLength(1);
  expect(await store.list("t.*")).toEqual(["t.k"]);
  expect((await bus.jsm.streams.info("KV_open")).state.messages).toBe(1);
  expect(await store.deleteAt("t.k", first)).toBe(false);
});

test("a filter matches stored keys only, and a key cannot name other keys", async () => {
  const { bus } = await startTestBus();
  const store = await openStore(bus, "waits", WaitEntry);
  expect(await store.hasAny("r.*.*")).toBe(false);
  for (const key of ["r.j.s", "r.k.s", "other.j.s"]) await store.put(key, { jobId: "j", stepId: "s" });
  expect(await store.hasAny("r.*.*")).toBe(true);
  await store.remove("r.k.s");
  expect(await store.hasAny("r.*.*")).toBe(true);
  await store.remove("r.j.s");
  expect(await store.hasAny("r.*.*")).toBe(false);
  expect(await store.hasAny("other.*.*")).toBe(true);
  for (const key of ["*.j.s", ">", "r..s", "r.j.", "a b"])
    await expect(store.get(key)).rejects.toMatchObject({ reason: "INVALID_ARGUMENT" });
});

test("a key that is written during a listing is listed once", async () => {
  const { bus } = await startTestBus();
  const store = await openStore(bus, "services", ServiceEntry);
  const write = (at: number) => store.put(`storage.${at % 50}`, ServiceEntry.fromPartial({ service: "storage" }));
  for (let at = 0; at < 50; at++) await write(at);
  for (let round = 0; round < 20; round++) {
    const [keys] = await Promise.all([store.list(">"), ...Array.from({ length: 50 }, (_, at) => write(at))]);
    expect(keys).toHaveLength(new Set(keys).size);
  }
});
