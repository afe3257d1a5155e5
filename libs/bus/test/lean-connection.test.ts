import { errors } from "@nats-io/transport-node";
import { JobEvent } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { consume, eventConsumer, publishEvent } from "../src/index.ts";
import { startTestBus } from "./start-test-bus.ts";

const event = (jobId: string) => JobEvent.fromPartial({ jobId, event: { $case: "started", value: {} } });

test("what is said in one turn arrives in the order in which it was said, requests and messages alike", async () => {
  const { bus, connectAnother } = await startTestBus();
  const other = await connectAnother();
  const heard: string[] = [];
  const answer = (text: string) => bus.nc.publish(text);
  bus.nc.subscribe("said.*", {
    callback(_error, message) {
      heard.push(message.string());
      if (message.reply) answer(message.reply);
    },
  });
  await bus.nc.flush();
  const wanted = Array.from({ length: 100 }, (_, at) => String(at));
  const requests = wanted.map((text, at) => {
    if (at % 2 === 0) return other.nc.request("said.request", text, { timeout: 30_000 });
    other.nc.publish("said.message", text);
    return undefined;
  });
  await Promise.all(requests);
  await expect.poll(() => heard).toEqual(wanted);
});

test("a request without an answer fails in its time, one that nobody listens to at once, and those of a closed connection too", async () => {
  const { bus, connectAnother } = await startTestBus();
  bus.nc.subscribe("mute", { callback() {} });
  await bus.nc.flush();
  const startMs = performance.now();
  await expect(bus.nc.request("mute", "", { timeout: 300 })).rejects.toBeInstanceOf(errors.TimeoutError);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(300);
  const lonely = await bus.nc.request("nobody", "", { timeout: 60_000 }).catch((error: unknown) => error);
  expect(lonely instanceof errors.RequestError && lonely.isNoResponders()).toBe(true);
  const other = await connectAnother();
  const cut = expect(other.nc.request("mute", "", { timeout: 60_000 })).rejects.toBeInstanceOf(errors.RequestError);
  await other.nc.close();
  await cut;
  await expect(other.nc.request("mute", "", { timeout: 60_000 })).rejects.toBeInstanceOf(errors.RequestError);
});

test("job events are handed over as they come, no more at once than are asked for, and none is lost when a replica stops", async () => {
  const { bus, connectAnother } = await startTestBus();
  const total = 300;
  const seen = new Map<string, number>();
  let inHand = 0;
  let most = 0;
  const start = (on: typeof bus) =>
    consume(on, {
      ...eventConsumer,
      codec: JobEvent,
      concurrency: 8,
      async handle({ jobId }) {
        inHand += 1;
        most = Math.max(most, inHand);
        await new Promise((next) => setTimeout(next, 5));
        inHand -= 1;
        seen.set(jobId, (seen.get(jobId) ?? 0) + 1);
        return { $case: "done" };
      },
    });
  const first = start(bus);
  for (let at = 0; at < total; at++) await publishEvent(bus, event(`j${at}`));
  await expect.poll(() => seen.size).toBeGreaterThan(20);
  // The next replica goes on where this one stopped; nothing has to wait for its redelivery (30 s).
  await first.stop();
  const second = start(await connectAnother());
  await expect.poll(() => seen.size).toBe(total);
  await second.stop();
  // A process that was stopped for longer than a request lives may have two of them answered at once.
  expect(most).toBeLessThanOrEqual(16);
  expect([...seen.values()].every((times) => times === 1)).toBe(true);
});
