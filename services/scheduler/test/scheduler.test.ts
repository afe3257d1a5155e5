import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "@pixelmesh/bus";
import { loadConfig } from "@pixelmesh/config";
import { createLifecycle } from "@pixelmesh/lifecycle";
import {
  type AttachDeviceRequest,
  DeviceKind,
  type DeviceReport,
  type HoldSlotRequest,
  type HoldSlotResponse,
  Priority,
  SchedulerServiceDefinition,
  type SlotRelease,
  SlotRequest,
  WorkClass,
  Zone,
} from "@pixelmesh/proto";
import { connectRpc, createOutbox } from "@pixelmesh/rpc";
import { createLogger } from "@pixelmesh/telemetry";
import { expect, onTestFinished, test } from "vitest";
import { schedulerFields, startScheduler } from "../src/index.ts";

const gib = 1024 ** 3;
const log = createLogger({ service: "test", level: "silent" });

/** The whole service on free ports with a broker of its own. */
async function startTestScheduler(env: Record<string, string> = {}) {
  const root = mkdtempSync(join(tmpdir(), "pixelmesh-scheduler-"));
  const broker = await startBroker({ dataDir: root });
  const life = createLifecycle(log);
  const config = loadConfig(schedulerFields, {
    PIXELMESH_NATS_URL: broker.url,
    ...{ PIXELMESH_SCHEDULER_GRPC_PORT: "0", PIXELMESH_SCHEDULER_HEALTH_PORT: "0" },
    ...{ PIXELMESH_SCHEDULER_METRICS_PORT: "0", ...env },
  });
  const { base, rpc } = await startScheduler(config, life, log);
  const connection = connectRpc(rpc.address);
  onTestFinished(async () => {
    connection.close();
    await life.close();
    await broker.stop();
    rmSync(root, { recursive: true, force: true });
  });
  return { base, life, client: connection.client(SchedulerServiceDefinition) };
}
type Client = Awaited<ReturnType<typeof startTestScheduler>>["client"];

const device: DeviceReport = {
  ...{ deviceId: "host-a", kind: DeviceKind.HOST_MEMORY, name: "memory of a", totalBytes: 16 * gib },
  ...{ observedBytes: 2 * gib, computeTokens: 4, hosts: [], ownProcessBytes: 0, processesHidden: false },
};

/** An attached device: what it reports, and the commands that came. */
function attach(client: Client, instance = "0") {
  const reports = createOutbox<AttachDeviceRequest>();
  const commands: unknown[] = [];
  let answered = false;
  const ended = (async () => {
    const onHeader = () => {
      answered = true;
    };
    for await (const { command } of client.attachDevice(reports, { onHeader })) commands.push(command);
  })();
  ended.catch(() => {});
  return {
    commands,
    ended,
    isAnswered: () => answered,
    report: (change: Partial<DeviceReport> = {}, openSlots: string[] = []) =>
      reports.push({ service: "upscale", instance, devices: [{ ...device, ...change }], openSlots }),
    end: reports.end,
  };
}

/** An open HoldSlot call: messages can be sent, answers read one by one. */
function hold(client: Client, change: Parameters<typeof SlotRequest.fromPartial>[0] = {}) {
  const messages = createOutbox<HoldSlotRequest>();
  const value = SlotRequest.fromPartial({
    ...{ service: "upscale", instance: "0", deviceIds: ["host-a"], jobId: "j", stepId: "s", tenant: "t" },
    ...{ workClass: WorkClass.LIGHT, priority: Priority.INTERACTIVE },
    options: [{ tilePx: 512, batch: 1, peakBytes: gib, computeTokens: 1 }],
    ...change,
  });
  messages.push({ message: { $case: "request", value } });
  const controller = new AbortController();
  const answers = client.holdSlot(messages, { signal: controller.signal })[Symbol.asyncIterator]();
  const next = async (): Promise<HoldSlotResponse["message"]> => {
    const result = await answers.next();
    return result.done ? undefined : result.value.message;
  };
  const release = (measured: Partial<SlotRelease> = {}) => {
    const none = { peakBytes: 0, runMs: 0, outOfMemory: false };
    messages.push({ message: { $case: "release", value: { ...none, ...measured } } });
    messages.end();
  };
  const renew = () => messages.push({ message: { $case: "renewal", value: {} } });
  return { next, release, renew, messages, abort: () => controller.abort() };
}

test("whoever attaches devices is answered at once, so that its client does not keep its reports for as long as none commands it", async () => {
  const { client } = await startTestScheduler();
  const attached = attach(client);
  attached.report();
  await expect.poll(attached.isAnswered).toBe(true);
  expect(attached.commands).toEqual([]);
});

test("a slot is granted, renewed and released; the next one waits for it and then has it", async () => {
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
  expect(await second.next()).toEqual({ $case: "queued", value: { position: 1, why: "memory" } });
  first.renew();
  expect(await first.next()).toMatchObject({ $case: "grant", value: { epoch: { counter: 1 } } });
  expect(await client.getCluster({})).toMatchObject({
    devices: [{ deviceId: "host-a", zone: Zone.GREEN, committedBytes: 8 * gib, externalBytes: 2 * gib, fresh: true }],
    slots: [{ jobId: "j", stepId: "s", service: "upscale", workClass: WorkClass.LIGHT }],
  });
  first.release();
  expect(await first.next()).toBeUndefined();
  // What the released slot used is free once the device shows that.
  const reporter = attach(client);
  reporter.report();
  expect(await second.next()).toMatchObject({ $case: "grant", value: { optionIndex: 0, epoch: { counter: 2 } } });
  second.release();
  expect(await second.next()).toBeUndefined();
});

test("two processes that report one device are one device, and its use is the larger reading", async () => {
  const { client } = await startTestScheduler();
  attach(client, "0").report({ observedBytes: 3 * gib });
  attach(client, "1").report({ observedBytes: 5 * gib });
  await expect
    .poll(async () => (await client.getCluster({})).devices)
    .toMatchObject([{ observedBytes: 5 * gib, services: ["upscale/0", "upscale/1"] }]);
});

test("a full queue, work that fits no device and a passed deadline are refused with their reasons", async () => {
  const { client } = await startTestScheduler({ PIXELMESH_SCHEDULER_MAX_QUEUED_PER_TENANT: "1" });
  attach(client).report();
  await expect.poll(async () => (await client.getCluster({})).devices.length).toBe(1);
  await expect(hold(client, { options: [{ peakBytes: 20 * gib }] }).next()).rejects.toMatchObject({
    reason: "NO_DEVICE_FITS",
  });
  const waiting = hold(client, { deviceIds: ["unknown"], tenant: "u", deadlineUnixMs: Date.now() + 600 });
  expect(await waiting.next()).toMatchObject({ $case: "queued", value: { why: "stale" } });
  await expect(hold(client, { deviceIds: ["unknown"], tenant: "u" }).next()).rejects.toMatchObject({
    reason: "QUEUE_FULL",
    retryAfterMs: 1_000,
  });
  await expect(waiting.next()).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
});

test("requests and reports that are wrong are refused with the field that is wrong", async () => {
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
  const renewal = createOutbox<HoldSlotRequest>();
  renewal.push({ message: { $case: "renewal", value: {} } });
  await expect(client.holdSlot(renewal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
    reason: "INVALID_ARGUMENT",
  });
  const reporter = attach(client);
  reporter.report({ totalBytes: 0 });
  await expect(reporter.ended).rejects.toMatchObject({ fields: [{ field: "devices[0].total_bytes" }] });
});

test("a call that breaks off stays charged until its host is reported idle; one that waits is forgotten", async () => {
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

test("a step is passed once to an idle peer that has its model, then granted", async () => {
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

test("a machine that fills up is asked to clean up, and in red its slot is revoked", async () => {
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

test("stopping ends open calls with STOPPING, at once", async () => {
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

test("the metrics page shows slots and every device's memory", async () => {
  const { base, client } = await startTestScheduler();
  attach(client).report();
  expect(await hold(client).next()).toMatchObject({ $case: "grant" });
  const page = async () => await (await fetch(base.metricsUrl)).text();
  await expect.poll(page).toContain('pixelmesh_slots{work_class="light"} 1');
  expect(await page()).toContain(`pixelmesh_device_memory_bytes{device="host-a",kind="committed"} ${gib}`);
  expect(await client.getCluster({})).toMatchObject({
    services: [{ service: "scheduler", metricsUrl: base.metricsUrl }],
  });
});

test("a device that is detached loses its series, and one of another process that is attached keeps them", async () => {
  const { base, client } = await startTestScheduler();
  const page = async () => await (await fetch(base.metricsUrl)).text();
  const kinds = ["total", "observed", "used", "external", "committed", "quarantined"];
  const seriesOf = async (device: string) =>
    (await page()).split("\n").filter((line) => line.includes(`device="${device}"`)).length;
  const whole = kinds.length + 1;
  const kept = attach(client, "0");
  kept.report();
  const card: Partial<DeviceReport> = { deviceId: "GPU-1", kind: DeviceKind.GPU, totalBytes: 8 * gib };
  const going = attach(client, "1");
  going.report({ ...card, observedBytes: 7.875 * gib });
  await expect.poll(() => seriesOf("GPU-1")).toBe(whole);
  // A report that no longer names it detaches it as the end of its process does.
  going.report({ deviceId: "GPU-2", kind: DeviceKind.GPU, totalBytes: 8 * gib });
  await expect.poll(() => seriesOf("GPU-1")).toBe(0);
  await expect.poll(() => seriesOf("GPU-2")).toBe(whole);
  going.end();
  await going.ended;
  await expect.poll(() => seriesOf("GPU-2")).toBe(0);
  expect(await seriesOf("host-a")).toBe(whole);
  for (let restart = 0; restart < 20; restart++) {
    const pod = attach(client, `pod-${restart}`);
    pod.report({ deviceId: `host-pod-${restart}` });
    await expect.poll(() => seriesOf(`host-pod-${restart}`)).toBe(whole);
    pod.end();
    await pod.ended;
  }
  await expect.poll(async () => (await page()).includes("host-pod-")).toBe(false);
});

test("a scheduler that no longer leads shows no devices and slots", async () => {
  const { base, client, life } = await startTestScheduler();
  attach(client).report();
  const { metrics } = base;
  const page = async () => (await metrics.page()).text;
  await expect.poll(page).toContain('device="host-a"');
  await life.close();
  expect(await page()).not.toMatch(/^pixelmesh_(device_\w+|slots|slots_waiting)\{/m);
});

test("of 10,000 calls those within the bounds wait, the others are refused at once with a time to come again", async () => {
  const { client, base } = await startTestScheduler();
  attach(client).report({ totalBytes: 64 * gib, computeTokens: 4 });
  await expect.poll(async () => (await client.getCluster({})).devices.length).toBe(1);
  const classes = [WorkClass.LIGHT, WorkClass.HEAVY, WorkClass.EXCLUSIVE];
  const address = (await client.getCluster({})).services[0]?.grpcAddress ?? "";
  // A connection takes 1,024 streams.
  const connections = Array.from({ length: 12 }, () => connectRpc(address));
  onTestFinished(() => {
    for (const connection of connections) connection.close();
  });
  const refusals: unknown[] = [];
  const answers = { grant: 0, queued: 0 };
  const isAnswered = Array.from({ length: 10_000 }, async (_, n) => {
    const { next } = hold((connections[n % 12] as (typeof connections)[number]).client(SchedulerServiceDefinition), {
      ...{ tenant: `t${n % 100}`, workClass: classes[n % 3] as WorkClass, instance: `i${n % 7}` },
      options: [{ peakBytes: 2 ** 20, computeTokens: 1 }],
    });
    try {
      const answer = await next();
      if (answer?.$case === "grant" || answer?.$case === "queued") answers[answer.$case] += 1;
    } catch (error) {
      refusals.push(error);
    }
  });
  await Promise.all(isAnswered);
  expect(refusals).toHaveLength(10_000 - answers.grant - answers.queued);
  for (const refusal of refusals) expect(refusal).toMatchObject({ reason: "QUEUE_FULL", retryAfterMs: 1_000 });
  // At most 8 light, or 4 heavy, or 2 exclusive slots of one device, and 4 tokens.
  expect(answers.grant).toBeLessThanOrEqual(4);
  expect(answers.grant).toBeGreaterThan(0);
  expect(answers.queued).toBeLessThanOrEqual(1_024);
  const { queues } = await client.getCluster({});
  for (const { waiting } of queues.filter(({ name }) => name.startsWith("slots.")))
    expect(waiting).toBeLessThanOrEqual(512);
  const refused = /^pixelmesh_(slot_refused|refused_requests)_total\{.*reason="QUEUE_FULL"\} (\d+)$/gm;
  const counted = [...(await base.metrics.page()).text.matchAll(refused)];
  expect(counted.reduce((sum, [, , count]) => sum + Number(count), 0)).toBe(refusals.length);
});

test("as many calls may be open as the setting says, and an ended one makes room", async () => {
  const { client } = await startTestScheduler({ PIXELMESH_SCHEDULER_MAX_CALLS: "3" });
  attach(client).report();
  const open = [hold(client), hold(client), hold(client)];
  for (const { next } of open) expect((await next())?.$case).toMatch(/grant|queued/);
  await expect(hold(client).next()).rejects.toMatchObject({
    ...{ reason: "QUEUE_FULL", retryAfterMs: 1_000 },
    message: expect.stringContaining("3 open calls"),
  });
  open[1]?.abort();
  await expect
    .poll(
      async () =>
        (
          await hold(client)
            .next()
            .catch(() => undefined)
        )?.$case,
    )
    .toMatch(/grant|queued/);
  open[0]?.release();
  expect(await open[0]?.next()).toBeUndefined();
  // Other methods have no bound.
  expect((await client.getCluster({})).devices).toHaveLength(1);
});
