import { errors } from "@nats-io/transport-node";
import { JobEvent } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { consume, eventConsumer, publishEvent } from "../src/index.ts";
import { startTestBus } from "./start-test-bus.ts";

const event = (jobId: string) => JobEvent.fromPartial({ jobId, event: { $case: "started", value: {} } });

test("requests and messages of one turn arrive in the order they were sent", async () => {
  const { bus, connectAnother } = await startTestBus();
  const other = await connectAnother();
  const received: string[] = [];
  bus.nc.subscribe("sent.*", {
    callback(_error, message) {
      received.push(message.string());
      if (message.reply) bus.nc.publish(message.reply);
    },
  });
  await bus.nc.flush();
  const sent = Array.from({ length: 100 }, (_, at) => String(at));
  const requests = sent.map((text, at) => {
    if (at % 2 === 0) return other.nc.request("sent.request", text, { timeout: 30_000 });
    other.nc.publish("sent.message", text);
    return undefined;
  });
  await Promise.all(requests);
  await expect.poll(() => received).toEqual(sent);
});

test("a request fails after its timeout; at once without responders or on a closed connection", async () => {
  const { bus, connectAnother } = await startTestBus();
  bus.nc.subscribe("mute", { callback() {} });
  await bus.nc.flush();
  const startMs = performance.now();
  await expect(bus.nc.request("mute", "", { timeout: 300 })).rejects.toBeInstanceOf(errors.TimeoutError);
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(300);
  const failure = await bus.nc.request("unserved", "", { timeout: 60_000 }).catch((error: unknown) => error);
  expect(failure instanceof errors.RequestError && failure.isNoResponders()).toBe(true);
  const other = await connectAnother();
  const failed = expect(other.nc.request("mute", "", { timeout: 60_000 })).rejects.toBeInstanceOf(errors.RequestError);
  await other.nc.close();
  await failed;
  await expect(other.nc.request("mute", "", { timeout: 60_000 })).rejects.toBeInstanceOf(errors.RequestError);
});

test("job events are processed with bounded concurrency, and none is lost when a replica stops", async () => {
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
        return { $case: "ack" };
      },
    });
  const first = start(bus);
  for (let at = 0; at < total; at++) await publishEvent(bus, event(`j${at}`));
  await expect.poll(() => seen.size).toBeGreaterThan(20);
  // The next replica continues; no message waits for its redelivery (30 s).
  await first.stop();
  const second = start(await connectAnother());
  await expect.poll(() => seen.size).toBe(total);
  await second.stop();
  // After a pause above the lifetime of a request, two requests may be answered at once.
  expect(most).toBeLessThanOrEqual(16);
  expect([...seen.values()].every((times) => times === 1)).toBe(true);
});
