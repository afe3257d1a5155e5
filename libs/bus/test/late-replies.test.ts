import { Priority, WorkItem } from "@pixelmesh/proto";
import { expect, onTestFinished, test } from "vitest";
import { createPuller } from "../src/consume/pull-request.ts";
import { consume, publishWork, workConsumers } from "../src/index.ts";
import { startTestBus } from "./start-test-bus.ts";

const item = (jobId: string, priority: Priority = Priority.INTERACTIVE) =>
  WorkItem.fromPartial({ jobId, stepId: "s", attempt: 1, priority });
const { stream, durables } = workConsumers("effects");
const [interactive, batch] = durables as [string, string];
const jobOf = ({ payload }: { readonly payload: Uint8Array }) => WorkItem.decode(payload).jobId;

/** While the broker does not run, requests wait. Then it answers all of them at once. */
async function whileStopped(pid: number, task: () => Promise<void>): Promise<void> {
  process.kill(pid, "SIGSTOP");
  try {
    await task();
  } finally {
    process.kill(pid, "SIGCONT");
  }
}

test("a message that arrives together with the answers of earlier pulls is returned, without a redelivery", async () => {
  const { bus, brokerPid } = await startTestBus();
  const puller = createPuller(bus, stream);
  onTestFinished(() => puller.close());
  await publishWork(bus, "effects", item("b0", Priority.BATCH));
  let last: ReturnType<typeof puller.pull> | undefined;
  await whileStopped(brokerPid, async () => {
    for (const durable of [interactive, interactive, batch])
      await expect(puller.pull(durable)).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    last = puller.pull(interactive);
  });
  const pulled = [await last, await puller.pull(interactive), await puller.pull(interactive)];
  expect(pulled.flatMap((message) => (message ? [[jobOf(message), message.delivery.deliveries]] : []))).toEqual([
    ["b0", 1],
  ]);
});

test("of many messages that arrive late, one is kept and the others go back to the queue at once", async () => {
  const { bus, brokerPid } = await startTestBus();
  const puller = createPuller(bus, stream);
  onTestFinished(() => puller.close());
  const jobs = ["i0", "i1", "i2", "i3"];
  for (const id of jobs) await publishWork(bus, "effects", item(id));
  let last: ReturnType<typeof puller.pull> | undefined;
  await whileStopped(brokerPid, async () => {
    for (let at = 0; at < 3; at++)
      await expect(puller.pull(interactive)).rejects.toMatchObject({ reason: "DEADLINE_EXCEEDED" });
    last = puller.pull(interactive);
  });
  const first = await last;
  const pulled = first ? [first] : [];
  // Far below the 30 s after which the broker delivers again what was lost.
  await expect
    .poll(
      async () => {
        const next = await puller.pull(interactive);
        if (next) pulled.push(next);
        return pulled.map(jobOf).toSorted();
      },
      { timeout: 10_000 },
    )
    .toEqual(jobs);
  // How many come in one packet depends on the machine. One that went back is delivered for the second time.
  expect(Math.max(...pulled.map(({ delivery }) => delivery.deliveries))).toBeLessThanOrEqual(2);
});

test("work is taken at once after a broker that did not answer for some seconds", { timeout: 60_000 }, async () => {
  const { bus, brokerPid } = await startTestBus();
  const seen: string[] = [];
  const consumer = consume(bus, {
    ...workConsumers("effects"),
    codec: WorkItem,
    concurrency: 2,
    handle: async ({ jobId }) => {
      seen.push(jobId);
      return { $case: "ack" } as const;
    },
  });
  for (let round = 0; round < 3; round++) {
    let published: Promise<void> | undefined;
    await whileStopped(brokerPid, async () => {
      await new Promise((resolve) => setTimeout(resolve, 3_500));
      published = publishWork(bus, "effects", item(`i${round}`));
    });
    await published;
    // Far below the 30 s after which the broker delivers again what was lost.
    await expect.poll(() => seen, { timeout: 15_000 }).toHaveLength(round + 1);
  }
  await consumer.stop();
  expect(seen).toEqual(["i0", "i1", "i2"]);
});
