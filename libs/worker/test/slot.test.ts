import { setTimeout as sleep } from "node:timers/promises";
import { Priority, SlotRequest, WorkClass } from "@pixelmesh/proto";
import { connectRpc, HealthDefinition } from "@pixelmesh/rpc";
import { expect, onTestFinished, test } from "vitest";
import { holdSlot, type WorkerParts } from "../src/index.ts";
import { type SchedulerProcess, startRig } from "./schedulers.ts";

const mib = 1024 ** 2;
const fast = { PIXELMESH_SCHEDULER_LEASE_TTL: "1500ms", PIXELMESH_SCHEDULER_GRANT_VALID: "4s" };

function hold({ scheduler, device }: WorkerParts, change: Parameters<typeof SlotRequest.fromPartial>[0] = {}) {
  const request = SlotRequest.fromPartial({
    service: "upscale",
    instance: "0",
    deviceIds: [device.deviceId],
    jobId: "j",
    stepId: "s",
    tenant: "t",
    workClass: WorkClass.LIGHT,
    priority: Priority.INTERACTIVE,
    options: [{ tilePx: 512, batch: 1, peakBytes: 16 * mib, computeTokens: 1 }],
    ...change,
  });
  return holdSlot(scheduler, request, AbortSignal.timeout(30_000));
}

const slotsOf = async (scheduler: SchedulerProcess) => (await scheduler.cluster()).slots.map(({ jobId }) => jobId);
const reasonOf = (error: unknown) => (error as { reason?: string }).reason;
const leads = (scheduler: SchedulerProcess) => scheduler.cluster().then(() => "leads", reasonOf);

async function isReady({ health }: SchedulerProcess, service = "readiness"): Promise<boolean> {
  const connection = connectRpc(health);
  onTestFinished(connection.close);
  return (await connection.client(HealthDefinition).check({ service })).status === 1;
}

test("a standby is not ready and refuses calls, and a worker finds the leader", async () => {
  const rig = await startRig(fast);
  const leader = await rig.startScheduler("0");
  const standby = await rig.startScheduler("1");
  expect([await isReady(leader), await isReady(standby)]).toEqual([true, false]);
  expect([await isReady(leader, "standby"), await isReady(standby, "standby")]).toEqual([true, true]);
  expect(await leads(standby)).toBe("SERVICE_UNAVAILABLE");
  const worker = await rig.startWorker("0", [standby, leader]);
  const slot = await hold(worker);
  expect(await slotsOf(leader)).toEqual(["j"]);
  slot.release();
  await expect.poll(() => slotsOf(leader)).toEqual([]);
});

test("when the leader is killed, its standby leads with a higher term, and open slots continue", async () => {
  const rig = await startRig({ ...fast, PIXELMESH_SCHEDULER_GRANT_VALID: "8s" });
  const [first, second] = [await rig.startScheduler("0"), await rig.startScheduler("1")];
  const worker = await rig.startWorker("0", [first, second]);
  const slot = await hold(worker, { jobId: "open" });
  const { leaderTerm } = await first.cluster();
  const killedMs = performance.now();
  first.signal("SIGKILL");
  await expect.poll(() => slotsOf(second).catch(reasonOf), { interval: 100 }).toEqual(["open"]);
  expect((await second.cluster()).leaderTerm).toBeGreaterThan(leaderTerm);
  expect(await isReady(second)).toBe(true);
  // New grants wait until the former leader's lease and the validity of its grants have ended.
  (await hold(worker, { jobId: "new" })).release();
  const waitedMs = performance.now() - killedMs;
  expect(waitedMs).toBeGreaterThan(8_000);
  expect(waitedMs).toBeLessThan(25_000);
  expect(slot.lost.aborted).toBe(false);
  slot.release();
  await expect.poll(() => slotsOf(second)).toEqual([]);
});

test("a slot expires by its holder's clock while the scheduler is stopped; the resumed scheduler grants again", async () => {
  const rig = await startRig(fast);
  const scheduler = await rig.startScheduler("0");
  const worker = await rig.startWorker("0", [scheduler]);
  const slot = await hold(worker);
  const { leaderTerm } = await scheduler.cluster();
  scheduler.signal("SIGSTOP");
  const stoppedMs = performance.now();
  await new Promise((resolve) => slot.lost.addEventListener("abort", resolve));
  expect(reasonOf(slot.lost.reason)).toBe("GRANT_EXPIRED");
  const lostMs = performance.now() - stoppedMs;
  expect(lostMs).toBeGreaterThan(2_500);
  expect(lostMs).toBeLessThan(12_000);
  slot.release();
  expect(worker.scheduler.openSlots.size).toBe(0);
  await expect(hold(worker)).rejects.toMatchObject({ reason: "SERVICE_UNAVAILABLE" });
  scheduler.signal("SIGCONT");
  const retried = async () => {
    const next = await hold(worker, { jobId: "after" });
    next.release();
    return next.grant.epoch?.term;
  };
  // There was no other leader meanwhile, so the term is the same.
  await expect.poll(() => retried().catch(reasonOf)).toBe(leaderTerm);
});

test("a resumed leader becomes a standby and ends its calls if another leads", async () => {
  const rig = await startRig(fast);
  const [first, second] = [await rig.startScheduler("0"), await rig.startScheduler("1")];
  const worker = await rig.startWorker("0", [first, second]);
  const slot = await hold(worker);
  first.signal("SIGSTOP");
  await expect.poll(() => leads(second)).toBe("leads");
  first.signal("SIGCONT");
  await expect.poll(() => leads(first)).toBe("SERVICE_UNAVAILABLE");
  await expect.poll(() => isReady(first)).toBe(false);
  // The slot continues at the new leader or has expired.
  await expect.poll(async () => slot.lost.aborted || (await slotsOf(second)).includes("j")).toBe(true);
  slot.release();
  (await hold(worker, { jobId: "next" })).release();
});

test("after an idle scheduler has stopped, its successor grants without waiting", async () => {
  const rig = await startRig();
  const first = await rig.startScheduler("0");
  const worker = await rig.startWorker("0", [first]);
  (await hold(worker)).release();
  await expect.poll(() => slotsOf(first)).toEqual([]);
  first.signal("SIGTERM");
  await sleep(500);
  const second = await rig.startScheduler("0");
  expect(second.lines.find((line) => line.includes("leads"))).toContain('"takeoverWaitMs":0');
});
