import { type Bus, type Consumer, consume, eventConsumer } from "@pixelmesh/bus";
import { JobEvent } from "@pixelmesh/proto";

// Many events may be in progress at once, because a `started` event waits before it is written and acknowledged.
const concurrency = 1_024;

/**
 * Consumes job events, except `finished`, until stopped. `handle` applies one event. `flush` is called at the stop, so that waiting
 * events are applied without a further wait.
 */
export function consumeJobEvents(bus: Bus, handle: (event: JobEvent) => Promise<void>, flush: () => void): Consumer {
  const consumer = consume(bus, {
    ...eventConsumer,
    codec: JobEvent,
    concurrency,
    async handle(event) {
      if (event.event?.$case !== "finished") await handle(event);
      return { $case: "ack" };
    },
  });
  return {
    get inHand() {
      return consumer.inHand;
    },
    async stop() {
      flush();
      await consumer.stop();
    },
  };
}
