import { createFrame, memoryFrameStore } from "@pixelmesh/imaging";
import { Priority, Step, WorkClass } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { executeStep, type StepContext, type WorkerParts } from "../src/index.ts";
import { startRig } from "./schedulers.ts";

const mib = 1024 ** 2;
const sizes: Readonly<Record<string, number>> = { small: 16 * mib, large: 48 * mib, giant: 2 ** 50 };

/** Runs a step whose need follows from its id. */
function runStep(
  worker: WorkerParts,
  run: (context: StepContext) => Promise<void>,
  signal = AbortSignal.timeout(30_000),
) {
  const step = Step.fromPartial({ id: "small" });
  const work = {
    handler: {
      need: ({ id }: Step) => ({
        workClass: WorkClass.LIGHT,
        options: [{ tilePx: 64, batch: 1, peakBytes: sizes[id] ?? 0, computeTokens: 1 }],
      }),
      async run(_step: Step, _inputs: unknown, context: StepContext) {
        await run(context);
        return { frame: createFrame(2, 2, 3) };
      },
    },
    step,
    sizes: [],
    limits: worker.limits,
    loadInputs: async () => [],
    frameStore: memoryFrameStore,
  };
  const account = { jobId: "j", tenant: "t", priority: Priority.INTERACTIVE, deadlineUnixMs: Date.now() + 30_000 };
  return executeStep(worker, work, account, { signal, onProgress() {} });
}
const other = (id: string) => Step.fromPartial({ id });

test("a running step changes its slot, asks again after a refusal, and holds one at a time", async () => {
  const rig = await startRig();
  const scheduler = await rig.startScheduler("0");
  const worker = await rig.startWorker("0", [scheduler]);
  const held = async () => (await scheduler.cluster()).slots.map(({ stepId }) => stepId);

  const executed = await runStep(worker, async (context) => {
    expect(await held()).toEqual(["small"]);
    const next = await context.nextSlot(other("large"));
    expect(next.option.peakBytes).toBe(sizes.large);
    expect(next.slotId).not.toBe(context.slotId);
    expect(await held()).toEqual(["large"]);
    await expect(context.nextSlot(other("giant"))).rejects.toMatchObject({ reason: "NO_DEVICE_FITS" });
    expect(await held()).toEqual([]);
    await context.nextSlot(other("small"));
    expect(await held()).toEqual(["small"]);
    expect(context.signal.aborted).toBe(false);
  });
  expect(executed.runMs).toBeGreaterThan(0);
  await expect.poll(held).toEqual([]);

  // The end of the step ends a wait for another slot, and gives back what it holds.
  const stop = new AbortController();
  const reason = new Error("stop");
  const waiting = runStep(
    worker,
    async (context) => {
      stop.abort(reason);
      await context.nextSlot(other("large"));
    },
    stop.signal,
  );
  await expect(waiting).rejects.toBe(reason);
  await expect.poll(held).toEqual([]);
});

test("a run that has released its slot goes on without one, and can ask for another", async () => {
  const rig = await startRig();
  const scheduler = await rig.startScheduler("0");
  const worker = await rig.startWorker("0", [scheduler]);
  const held = async () => (await scheduler.cluster()).slots.map(({ stepId }) => stepId);

  const executed = await runStep(worker, async (context) => {
    context.releaseSlot?.();
    context.releaseSlot?.();
    await expect.poll(held).toEqual([]);
    expect(context.signal.aborted).toBe(false);
    await context.nextSlot(other("large"));
    expect(await held()).toEqual(["large"]);
    context.releaseSlot?.();
    await expect.poll(held).toEqual([]);
    expect(context.signal.aborted).toBe(false);
  });
  expect(executed.outcome.frame.widthPx).toBe(2);
  expect(await held()).toEqual([]);
});
