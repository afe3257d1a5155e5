import { Priority, SlotRequest, WorkClass, Zone } from "@pixelmesh/proto";
import { createHostRoot } from "@pixelmesh/testing";
import { expect, onTestFinished, test } from "vitest";
import { holdSlot } from "../src/index.ts";
import { startRig } from "./schedulers.ts";

const mib = 1024 ** 2;
// 512 MiB of heavy work are a tenth of this.
const totalBytes = 5_120 * mib;
const often = { interval: 100 };

test("memory use of other processes turns the device AMBER, then RED, and back with hysteresis", async () => {
  const machine = createHostRoot(totalBytes, 0.4 * totalBytes);
  onTestFinished(machine.remove);
  const rig = await startRig({ PIXELMESH_HOST_ROOT: machine.path });
  const scheduler = await rig.startScheduler("0");
  const worker = await rig.startWorker("0", [scheduler]);
  const device = async () => (await scheduler.cluster()).devices[0];
  const zone = async () => (await device())?.zone;
  const observed = async () => Number((await device())?.observedBytes) / totalBytes;
  const hold = (workClass: WorkClass, priority: Priority, peakBytes: number) => {
    const { deviceId } = worker.device;
    const request = SlotRequest.fromPartial({
      service: "upscale",
      instance: "0",
      deviceIds: [deviceId],
      jobId: "j",
      stepId: "s",
      tenant: "t",
      workClass,
      priority,
      options: [{ tilePx: 0, batch: 1, peakBytes, computeTokens: 0 }],
    });
    const result = { granted: false };
    const slot = holdSlot(worker.scheduler, request, AbortSignal.timeout(60_000));
    slot.then(
      () => {
        result.granted = true;
      },
      () => {},
    );
    return { slot, result };
  };

  await expect.poll(zone, often).toBe(Zone.GREEN);
  const batch = await hold(WorkClass.LIGHT, Priority.BATCH, 1024).slot;
  const interactive = await hold(WorkClass.LIGHT, Priority.INTERACTIVE, 1024).slot;

  machine.setObserved(0.89 * totalBytes);
  await expect.poll(zone, often).toBe(Zone.AMBER);
  const heavy = hold(WorkClass.HEAVY, Priority.INTERACTIVE, 512 * mib);
  (await hold(WorkClass.LIGHT, Priority.INTERACTIVE, 1024).slot).release();
  expect(heavy.result.granted).toBe(false);

  machine.setObserved(0.975 * totalBytes);
  await expect.poll(zone, often).toBe(Zone.RED);
  const light = hold(WorkClass.LIGHT, Priority.INTERACTIVE, 256 * mib);
  await expect.poll(() => batch.lost.aborted, often).toBe(true);
  expect(batch.lost.reason).toMatchObject({ reason: "MEMORY_PRESSURE" });
  expect([interactive.lost.aborted, light.result.granted]).toEqual([false, false]);
  batch.release();
  interactive.release();

  // RED begins at 95 % and ends below 90 %.
  machine.setObserved(0.925 * totalBytes);
  await expect.poll(observed, often).toBeCloseTo(0.925, 2);
  expect(await zone()).toBe(Zone.RED);
  // AMBER ends below 80 %. It grants light work only.
  machine.setObserved(0.83 * totalBytes);
  await expect.poll(zone, often).toBe(Zone.AMBER);
  (await light.slot).release();
  expect([await zone(), heavy.result.granted]).toEqual([Zone.AMBER, false]);
  machine.setObserved(0.7 * totalBytes);
  await expect.poll(zone, often).toBe(Zone.GREEN);
  (await heavy.slot).release();
});
