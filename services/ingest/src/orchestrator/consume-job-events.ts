import { type Bus, type Consumer, consume, eventConsumer } from "@pixelmesh/bus";
import { JobEvent } from "@pixelmesh/proto";

// Many events may be in progress at once, because a `started` event waits before it is written and acknowledged.
const concurrency = 1_024;

/** Consumes the log of job events until stopped. `handle` applies one event. `finished`, which is not published any more, is skipped. */
export function consumeJobEvents(bus: Bus, handle: (event: JobEvent) => Promise<void>): Consumer {
  return consume(bus, {
    ...eventConsumer,
    codec: JobEvent,
    concurrency,
    async handle(event) {
      if (event.event?.$case !== "finished") await handle(event);
      return { $case: "ack" };
    },
  });
}
