import { createInbox } from "@nats-io/transport-node";
import { withTimeout } from "@pixelmesh/lifecycle";
import type { Bus } from "../connection/connect.ts";
import { isMessage, type Pulled, toPulled } from "./pulled-message.ts";

/** A pull request that is renewed for as long as there is room: messages come by themselves, as soon as they are stored. */
export type StandingPull = {
  /** There is room again: asks for more where nothing is being asked. */
  ask(): void;
  /** Asks no more; resolves when all that was on its way has been handed over. */
  close(): Promise<void>;
};

const maxBatch = 256;
// Short, so that little is delivered to a process that was stopped, or whose broker came back without knowing of the request.
const expiresMs = 1_000;
const silenceMs = 500;
const drainTimeoutMs = 2_000;

/**
 * Asks the durable consumer for as many messages as there is `room` for, and hands each to `take`. For one durable without
 * others that come before it: what was asked for is delivered whatever arrives elsewhere.
 */
export function openStandingPull(
  bus: Bus,
  { stream, durable }: { readonly stream: string; readonly durable: string },
  room: () => number,
  take: (pulled: Pulled) => void,
): StandingPull {
  const inbox = createInbox();
  let asked = 0;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const subscription = bus.nc.subscribe(inbox, {
    callback(_error, message) {
      if (isMessage(message)) {
        asked -= 1;
        take(toPulled(bus, message));
      } else asked = 0;
      ask();
    },
  });

  function ask(): void {
    if (asked > 0 || closed) return;
    clearTimeout(timer);
    asked = Math.min(maxBatch, room());
    if (asked <= 0) return;
    const request = JSON.stringify({ batch: asked, expires: expiresMs * 1e6 });
    bus.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, request, { reply: inbox });
    // The broker says when the time is up. One that does not has forgotten the request, or never got it.
    timer = setTimeout(() => {
      asked = 0;
      ask();
    }, expiresMs + silenceMs);
  }

  ask();
  return {
    ask,
    async close() {
      closed = true;
      clearTimeout(timer);
      // A broker that is away delivers nothing.
      await withTimeout("The end of a pull", drainTimeoutMs, subscription.drain()).catch(() => {});
    },
  };
}
