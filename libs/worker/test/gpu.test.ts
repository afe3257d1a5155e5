import { createFrame, memoryFrameStore } from "@pixelmesh/imaging";
import { DeviceKind, Priority, SlotRequest, Step, WorkClass, WorkItem, Zone } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import { createReplay } from "@pixelmesh/testing/gpu";
import { expect, onTestFinished, test } from "vitest";
import { executeStep, holdSlot, placeModel } from "../src/index.ts";
import { storeOutcome } from "../src/steps/store-result.ts";
import { startRig } from "./schedulers.ts";

const mib = 1024 ** 2;
const uuid = "GPU-a76d37d7-5ed0-58d9-6087-b18fee984570";
const gpuLine = (usedMib: number) => `0, ${uuid}, NVIDIA L4, 23034, ${usedMib}, ${23_034 - usedMib}, Disabled`;
const often = { interval: 100 };

/** The value of a series on the metrics page of a process; undefined if it has none. */
async function readSeries({ base }: { readonly base: ServiceBase }, series: string): Promise<string | undefined> {
  const { text } = await base.metrics.page();
  return text
    .split("\n")
    .find((line) => line.startsWith(`${series} `))
    ?.slice(series.length + 1);
}
const gpusOf = async (worker: { readonly base: ServiceBase }) => [
  await readSeries(worker, 'pixelmesh_gpus{state="expected"}'),
  await readSeries(worker, 'pixelmesh_gpus{state="readable"}'),
];

/** Puts an nvidia-smi on PATH that replays recorded output, until the test ends. */
function installReplay(usedMib: number) {
  const replay = createReplay({ gpus: [gpuLine(usedMib)] });
  const path = process.env.PATH;
  process.env.PATH = `${replay.dir}:${path}`;
  onTestFinished(() => {
    process.env.PATH = path;
    replay[Symbol.dispose]();
  });
  return replay;
}

test("two services that report one GPU are one device, and work is granted on it by its observed memory", async () => {
  const replay = installReplay(1_000);
  const rig = await startRig();
  const scheduler = await rig.startScheduler("0");
  const upscale = await rig.startWorker("0", [scheduler], { providers: "cuda,cpu" });
  const background = await rig.startWorker("0", [scheduler], { service: "background", providers: "tensorrt,cuda" });
  const gpu = async () => (await scheduler.cluster()).devices.find(({ kind }) => kind === DeviceKind.GPU);
  await expect.poll(gpu, often).toMatchObject({
    deviceId: uuid,
    name: "NVIDIA L4",
    totalBytes: 23_034 * mib,
    observedBytes: 1_000 * mib,
    fresh: true,
    services: ["upscale/0", "background/0"],
  });
  expect((await scheduler.cluster()).devices).toHaveLength(2);
  expect(await gpusOf(upscale)).toEqual(["1", "1"]);
  expect(await readSeries(upscale, `pixelmesh_device_info{device="${uuid}",kind="gpu",name="NVIDIA L4"}`)).toBe("1");

  const hold = (worker: typeof upscale, peakBytes: number) =>
    holdSlot(
      worker.scheduler,
      SlotRequest.fromPartial({
        service: worker.base.service,
        instance: "0",
        deviceIds: [...(worker.models?.deviceIds ?? [])],
        workClass: WorkClass.HEAVY,
        priority: Priority.INTERACTIVE,
        deadlineUnixMs: Date.now() + 3_000,
        modelDigest: "digest",
        options: [{ tilePx: 512, batch: 1, peakBytes, computeTokens: 2 }],
      }),
      AbortSignal.timeout(20_000),
    );
  const slot = await hold(upscale, 6_000 * mib);
  expect(slot.grant.deviceId).toBe(uuid);
  expect(await gpu()).toMatchObject({ tokensUsed: 2, committedBytes: 9_000 * mib });
  slot.release();

  replay.replay({ gpus: [gpuLine(22_500)] });
  await expect.poll(async () => (await gpu())?.zone, often).toBe(Zone.RED);
  await expect(hold(background, 1_000 * mib)).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
  replay.replay({ gpus: [gpuLine(1_000)] });
  await expect.poll(async () => (await gpu())?.zone, often).toBe(Zone.GREEN);
  (await hold(background, 1_000 * mib)).release();

  // Without a working driver the device is gone, and no slot is granted on it.
  replay.replay({ message: "Failed to initialize NVML: Unknown Error", exit: 255 });
  await expect.poll(async () => (await gpu())?.fresh ?? false, often).toBe(false);
  await expect.poll(() => gpusOf(upscale), often).toEqual(["1", "0"]);
  await expect(hold(background, 1_000 * mib)).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
});

test("a result names the granted device", async () => {
  installReplay(1_000);
  const rig = await startRig();
  const worker = await rig.startWorker("0", [await rig.startScheduler("0")], { providers: "cuda" });
  const signal = AbortSignal.timeout(20_000);
  const work = {
    handler: {
      need: () => ({
        workClass: WorkClass.LIGHT,
        deviceIds: worker.models?.deviceIds ?? [],
        model: "m",
        modelDigest: "digest",
        options: [{ tilePx: 64, batch: 1, peakBytes: 64 * mib, computeTokens: 1 }],
      }),
      run: async () => ({ frame: createFrame(2, 2, 3), provider: "cuda" }),
    },
    step: Step.fromPartial({ id: "up" }),
    sizes: [],
    limits: worker.limits,
    loadInputs: async () => [],
    frameStore: memoryFrameStore,
  };
  const deadlineUnixMs = Date.now() + 20_000;
  const account = { jobId: "j", tenant: "t", priority: Priority.INTERACTIVE, deadlineUnixMs };
  const executed = await executeStep(worker, work, account, { signal, onProgress() {} });
  const { provenance } = await storeOutcome(worker, WorkItem.create(), executed, [], {
    limits: worker.limits,
    frameStore: memoryFrameStore,
    signal,
    isRepeated: false,
    retryUntil: () => (act) => act(),
  });
  expect(provenance).toMatchObject({ device: uuid, provider: "cuda", model: "m" });
});

test("without a GPU, a service runs on the processor if its providers allow it, else it does not start", async () => {
  installReplay(0).replay({ message: "No devices were found", exit: 6 });
  const rig = await startRig();
  const scheduler = await rig.startScheduler("0");
  await expect(rig.startWorker("1", [scheduler], { providers: "cuda" })).rejects.toMatchObject({
    reason: "SERVICE_UNAVAILABLE",
    message: "No GPU can be read: No devices were found",
  });
  const worker = await rig.startWorker("0", [scheduler], { providers: "cuda,cpu" });
  expect(worker.models?.deviceIds).toEqual([worker.device.deviceId]);
  expect(await gpusOf(worker)).toEqual(["1", "0"]);
  const model = worker.models?.registry.list().find(({ available }) => available)?.available;
  if (worker.models && model)
    expect(await placeModel(worker.models, model)).toMatchObject({ deviceIds: [worker.device.deviceId] });
}, 60_000);
