import { setTimeout as sleep } from "node:timers/promises";
import type { Bus } from "../connection/connect.ts";
import { createPuller } from "./pull-request.ts";
import type { Pulled } from "./pulled-message.ts";

type PollOptions = {
  readonly stream: string;
  readonly durables: readonly string[];
  readonly wakeSubject: string;
  readonly concurrency: number;
};

/** A running look-out for messages. */
export type Polling = {
  /** There is room again. */
  ask(): void;
  /** Takes nothing more. */
  close(): Promise<void>;
};

const lookAgainMs = 1_000;
const brokerAwayMs = 250;

/**
 * Takes one message after the other while there is `room`, each from the first durable that has one, and hands it to `take`.
 * The last place, where there are several, is kept for the first durable.
 * Sleeps until `wakeSubject` when none has; a lost wake-up, and a message that was given back, cost at most a second.
 */
export function pollDurables(
  bus: Bus,
  { stream, durables, wakeSubject, concurrency }: PollOptions,
  room: () => number,
  take: (pulled: Pulled) => void,
): Polling {
  const puller = createPuller(bus, stream);
  /** Durables that had nothing more when they were last asked. */
  const empty = new Set<string>();
  let knownSinceMs = performance.now();
  let wakes = 0;
  let isClosed = false;
  let rouse = () => {};
  const subscription = bus.nc.subscribe(wakeSubject, {
    callback() {
      wakes += 1;
      empty.clear();
      rouse();
    },
  });

  /** The first durable is asked whenever a later one is: what it got meanwhile may not have been told yet. */
  async function look(): Promise<Pulled | undefined> {
    if (performance.now() - knownSinceMs >= lookAgainMs) {
      empty.clear();
      knownSinceMs = performance.now();
    }
    const last = durables.findLastIndex((durable) => !empty.has(durable));
    for (const [rank, durable] of durables.slice(0, last + 1).entries()) {
      // What is in hand waits for its slot: work that comes first must be able to ask for the next one.
      if (rank > 0 && concurrency > 1 && room() <= 1) return undefined;
      const heard = wakes;
      const pulled = await puller.take(durable);
      // A wake-up that came meanwhile may tell of what this answer did not know of.
      if ((pulled === undefined || pulled.left === 0) && wakes === heard) empty.add(durable);
      if (pulled) return pulled;
    }
    return undefined;
  }

  async function pause(): Promise<void> {
    const { promise: roused, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, lookAgainMs);
    rouse = resolve;
    await roused;
    clearTimeout(timer);
  }

  async function loop(): Promise<void> {
    while (!isClosed) {
      if (room() <= 0) {
        await pause();
        continue;
      }
      const heard = wakes;
      try {
        const pulled = await look();
        if (pulled) take(pulled);
        else if (wakes === heard && !isClosed) await pause();
      } catch (error) {
        // The broker is away or restarting; the connection mends itself.
        if (!isClosed) bus.log.debug({ err: error, stream }, "pull failed");
        await sleep(brokerAwayMs);
      }
    }
  }

  const looping = loop();
  return {
    ask: () => rouse(),
    async close() {
      isClosed = true;
      rouse();
      subscription.unsubscribe();
      await looping;
      puller.close();
    },
  };
}
