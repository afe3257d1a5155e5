import { createInbox } from "@nats-io/transport-node";
import { withTimeout } from "@pixelmesh/lifecycle";
import type { Bus } from "../connection/connect.ts";
import { isMessage, type PulledMessage, toPulledMessage } from "./pulled-message.ts";

/** A pull request that is renewed while there is capacity, so that messages arrive as soon as they are stored. */
export type ContinuousPull = {
  /** Sends a request if none is open, because there is free capacity. */
  resume(): void;
  /** Sends no more requests. Resolves when all messages on the way have been passed on. */
  close(): Promise<void>;
};

const maxBatch = 256;
// Short, so that few messages are delivered to a process that was stopped, or are lost with a broker that forgot the request.
const expiresMs = 1_000;
/** After a request that expired without a message. */
const expiresAtRestMs = 3_000;
const silenceMs = 500;
const drainTimeoutMs = 2_000;

/**
 * Requests up to `capacity` messages from the durable consumer and passes each to `onMessage`. Use it for one durable without
 * priorities: requested messages are delivered even if more urgent ones arrive elsewhere.
 */
export function openContinuousPull(
  bus: Bus,
  { stream, durable }: { readonly stream: string; readonly durable: string },
  capacity: () => number,
  onMessage: (message: PulledMessage) => void,
): ContinuousPull {
  const inbox = createInbox();
  let requested = 0;
  /** Whether the last request expired without a message. */
  let isAtRest = false;
  let hadMessage = false;
  let closed = false;
  let timer: NodeJS.Timeout | undefined;
  const subscription = bus.nc.subscribe(inbox, {
    callback(_error, message) {
      if (isMessage(message)) {
        requested -= 1;
        hadMessage = true;
        onMessage(toPulledMessage(bus, message));
      } else {
        isAtRest = !hadMessage;
        requested = 0;
      }
      request();
    },
  });

  function request(): void {
    if (requested > 0 || closed) return;
    clearTimeout(timer);
    requested = Math.min(maxBatch, capacity());
    if (requested <= 0) return;
    hadMessage = false;
    const lastsMs = isAtRest ? expiresAtRestMs : expiresMs;
    const payload = JSON.stringify({ batch: requested, expires: lastsMs * 1e6 });
    bus.nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${durable}`, payload, { reply: inbox });
    // The broker replies when a request expires. Without that reply it has forgotten the request, or never received it.
    timer = setTimeout(() => {
      requested = 0;
      isAtRest = false;
      request();
    }, lastsMs + silenceMs);
  }

  request();
  return {
    resume: request,
    async close() {
      closed = true;
      clearTimeout(timer);
      // Draining fails while the broker is away; then no message is on the way.
      await withTimeout("The end of a pull", drainTimeoutMs, subscription.drain()).catch(() => {});
    },
  };
}
