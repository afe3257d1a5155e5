import { type HoldSlotRequest, WorkClass, Zone } from "@pixelmesh/proto";
import { createSendQueue } from "@pixelmesh/rpc";
import { expect, test } from "vitest";
import { attach, gib, hold, startTestScheduler } from "./start-test-scheduler.ts";

test("AttachDevice sends a header at once, so that the client need not keep its reports until the first command", async () => {
  const { client } = await startTestScheduler();
  const attached = attach(client);
  attached.report();
  await expect.poll(attached.isAnswered).toBe(true);
  expect(attached.commands).toEqual([]);
});

test("a slot is granted, renewed and released, and then granted to the request that waits", async () => {
  const { client } = await startTestScheduler();
  attach(client).report();
  const first = hold(client, { options: [{ peakBytes: 8 * gib }] });
  expect(await first.next()).toMatchObject({
    $case: "grant",
    value: { deviceId: "host-a", optionIndex: 0, validMs: 10_000, epoch: { counter: 1 } },
  });
  const second = hold(client, {
    instance: "1",
    options: [
      { peakBytes: 8 * gib, tilePx: 512 },
      { peakBytes: 7 * gib, tilePx: 256 },
    ],
  });
  expect(await second.next()).toEqual({
    $case: "queued",
    value: { position: 1, why: "memory", deviceId: expect.any(String) },
  });
  first.renew();
  expect(await first.next()).toMatchObject({ $case: "grant", value: { epoch: { counter: 1 } } });
  expect(await client.getCluster({})).toMatchObject({
    devices: [{ deviceId: "host-a", zone: Zone.GREEN, committedBytes: 8 * gib, externalBytes: 2 * gib, fresh: true }],
    slots: [{ jobId: "j", stepId: "s", service: "upscale", workClass: WorkClass.LIGHT }],
  });
  first.release();
  expect(await first.next()).toBeUndefined();
  // Memory of a released slot is free after the next report.
  const reporter = attach(client);
  reporter.report();
  expect(await second.next()).toMatchObject({ $case: "grant", value: { optionIndex: 0, epoch: { counter: 2 } } });
  second.release();
  expect(await second.next()).toBeUndefined();
});

test("reports of two processes about one device are combined, and the larger reading counts", async () => {
  const { client } = await startTestScheduler();
  attach(client, "0").report({ observedBytes: 3 * gib });
  attach(client, "1").report({ observedBytes: 5 * gib });
  await expect
    .poll(async () => (await client.getCluster({})).devices)
    .toMatchObject([{ observedBytes: 5 * gib, services: ["upscale/0", "upscale/1"] }]);
});

test("invalid requests and reports are refused with the name of the invalid field", async () => {
  const { client } = await startTestScheduler();
  const refused = [
    [{ deviceIds: [] }, "device_ids"],
    [{ options: [] }, "options"],
    [{ options: [{ peakBytes: -1 }] }, "options[0].peak_bytes"],
    [{ workClass: WorkClass.UNSPECIFIED }, "work_class"],
    [{ service: "" }, "service"],
  ] as const;
  for (const [change, field] of refused) {
    await expect(hold(client, change as object).next()).rejects.toMatchObject({
      reason: "INVALID_ARGUMENT",
      fields: [expect.objectContaining({ field })],
    });
  }
  const renewal = createSendQueue<HoldSlotRequest>();
  renewal.push({ message: { $case: "renewal", value: {} } });
  await expect(client.holdSlot(renewal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
  });
  const reporter = attach(client);
  reporter.report({ totalBytes: 0 });
  await expect(reporter.ended).rejects.toMatchObject({ fields: [{ field: "devices[0].total_bytes" }] });
});

test("a broken call stays charged until its host is reported idle; a broken waiting call is removed", async () => {
  const { client } = await startTestScheduler();
  const reporter = attach(client);
  const host = { hostId: "h", usedBytes: gib, busy: true, models: [] };
  reporter.report({ hosts: [host] });
  const slots = async () => (await client.getCluster({})).slots.length;
  const first = hold(client, { modelDigest: "m", hostId: "h" });
  expect(await first.next()).toMatchObject({ $case: "grant" });
  const second = hold(client, { modelDigest: "m", hostId: "h" });
  expect(await second.next()).toMatchObject({ $case: "queued", value: { why: "company" } });
  second.abort();
  await expect
    .poll(async () => (await client.getCluster({})).queues.map(({ waiting }) => waiting).slice(0, 3))
    .toEqual([0, 0, 0]);
  first.abort();
  reporter.report({ hosts: [host] });
  await expect(first.next()).rejects.toThrow();
  expect(await slots()).toBe(1);
  reporter.report({ hosts: [{ ...host, busy: false }] });
  await expect.poll(slots).toBe(0);
});

test("a step is redirected once to an idle peer that has its model, then granted", async () => {
  const { client } = await startTestScheduler();
  const models = [{ name: "m", digest: "m", provider: "cpu", residentBytes: gib, pinned: false, lastUsedUnixMs: 0 }];
  attach(client, "warm").report({ hosts: [{ hostId: "h", usedBytes: 4 * gib, busy: false, models }] });
  attach(client, "0").report();
  await expect.poll(async () => (await client.getCluster({})).devices[0]?.services).toHaveLength(2);
  const first = hold(client, { modelDigest: "m" });
  expect(await first.next()).toEqual({ $case: "pass", value: { instance: "warm" } });
  expect(await first.next()).toBeUndefined();
  expect(await hold(client, { modelDigest: "m" }).next()).toMatchObject({ $case: "grant" });
});

test("a machine that fills up gets a clean-up command, and in red its slot is revoked", async () => {
  const { client } = await startTestScheduler();
  const reporter = attach(client);
  reporter.report();
  const slot = hold(client);
  expect(await slot.next()).toMatchObject({ $case: "grant" });
  reporter.report({ observedBytes: 15.5 * gib });
  await expect.poll(() => reporter.commands).toMatchObject([{ $case: "cleanUp" }]);
  expect((await client.getCluster({})).devices).toMatchObject([{ zone: Zone.RED }]);
  expect(await slot.next()).toMatchObject({ $case: "revoked" });
});

test("a stop ends open calls at once with STOPPING", async () => {
  const { client, life } = await startTestScheduler();
  const reporter = attach(client);
  reporter.report();
  const slot = hold(client);
  expect(await slot.next()).toMatchObject({ $case: "grant" });
  const startMs = performance.now();
  const ending = slot.next();
  const closed = life.close();
  await expect(ending).rejects.toMatchObject({ reason: "STOPPING" });
  await expect(reporter.ended).rejects.toMatchObject({ reason: "STOPPING" });
  expect(await closed).toEqual({ failures: [] });
  expect(performance.now() - startMs).toBeLessThan(10_000);
});
