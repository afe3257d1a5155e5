import { setTimeout as sleep } from "node:timers/promises";
import type { Bus } from "../connection/connect.ts";
import { createPuller } from "./pull-request.ts";
import type { PulledMessage } from "./pulled-message.ts";

type PriorityPullOptions = {
  readonly stream: string;
  readonly durables: readonly string[];
  readonly wakeSubject: string;
  readonly concurrency: number;
};

/** A running source of messages. */
export type PriorityPull = {
  /** Pulls again, because there is free capacity. */
  resume(): void;
  /** Stops pulling. */
  close(): Promise<void>;
};

const pollEveryMs = 1_000;
/** A source without a message or a wake-up for `restAfterMs` polls less often. */
const pollAtRestEveryMs = 3_000;
const restAfterMs = 10_000;
const retryMs = 250;

/**
 * Pulls one message after the other while `capacity` is above 0, each from the first durable that has one, and passes it to `onMessage`.
 * With a concurrency of 2 or more, the last free one is reserved for the first durable.
 * Sleeps until a message on `wakeSubject` when no durable has one; the message names the durable to pull, or none for all. A lost wake-up and a
 * message after a nak cost at most a second, or three after 10 s without work.
 */
export function openPriorityPull(
  bus: Bus,
  { stream, durables, wakeSubject, concurrency }: PriorityPullOptions,
  capacity: () => number,
  onMessage: (message: PulledMessage) => void,
): PriorityPull {
  const puller = createPuller(bus, stream, () => {
    wakes += 1;
    wake();
  });
  /** Durables that had no more messages at the last pull. */
  const empty = new Set<string>();
  let emptySinceMs = performance.now();
  let activeMs = performance.now();
  let wakes = 0;
  let isClosed = false;
  let wake = () => {};
  const subscription = bus.nc.subscribe(wakeSubject, {
    callback(_error, message) {
      wakes += 1;
      activeMs = performance.now();
      const durable = message.string();
      if (durable === "") empty.clear();
      else empty.delete(durable);
      wake();
    },
  });
  const pollMs = () => (performance.now() - activeMs >= restAfterMs ? pollAtRestEveryMs : pollEveryMs);

  /** Pulls the first durable before every later one: the wake-up of its newest message may still be on the way. */
  async function pullNext(): Promise<PulledMessage | undefined> {
    if (performance.now() - emptySinceMs >= pollMs()) {
      empty.clear();
      emptySinceMs = performance.now();
    }
    const last = durables.findLastIndex((durable) => !empty.has(durable));
    for (const [rank, durable] of durables.slice(0, last + 1).entries()) {
      // Messages in hand wait for their slots: work of the first durable must be able to request the next slot.
      if (rank > 0 && concurrency > 1 && capacity() <= 1) return undefined;
      const wakesBefore = wakes;
      const message = await puller.pull(durable);
      // A wake-up during the pull may be for a message that was stored after it.
      // `pending` does not count messages that come again after a nak: after one of these there may be more.
      const isLast = message === undefined || (message.pending === 0 && message.delivery.deliveries === 1);
      if (isLast && wakes === wakesBefore) empty.add(durable);
      if (message) return message;
    }
    return undefined;
  }

  async function pause(): Promise<void> {
    const { promise: woken, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, pollMs());
    wake = resolve;
    await woken;
    clearTimeout(timer);
  }

  async function loop(): Promise<void> {
    while (!isClosed) {
      if (capacity() <= 0) {
        await pause();
        continue;
      }
      const wakesBefore = wakes;
      try {
        const message = await pullNext();
        if (message) {
          activeMs = performance.now();
          onMessage(message);
        } else if (wakes === wakesBefore && !isClosed) await pause();
      } catch (error) {
        // The broker is away or restarting; the connection reconnects by itself.
        if (!isClosed) bus.log.debug({ err: error, stream }, "pull failed");
        await sleep(retryMs);
      }
    }
  }

  const looping = loop();
  return {
    resume: () => wake(),
    async close() {
      isClosed = true;
      wake();
      subscription.unsubscribe();
      await looping;
      puller.close();
    },
  };
}
