import { createInbox } from "@nats-io/transport-node";
import { type Codec, parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";

/**
 * Answers every request on a subject until the returned function is called; `answer` gets the data of the request. A request whose answer fails
 * stays without one, and the asker waits for its time limit. Processes use the broker for such calls, because it
 * has authenticated both sides; an address in a bucket is not authenticated.
 */
export function answerRequests<T>(
  bus: Bus,
  subject: string,
  codec: Codec<T>,
  answer: (request: Uint8Array) => T | Promise<T>,
): () => void {
  const subscription = bus.nc.subscribe(subject, {
    callback(_error, request) {
      const { reply, data } = request;
      if (reply) void respond(data, (bytes) => bus.nc.publish(reply, bytes));
    },
  });
  async function respond(data: Uint8Array, send: (bytes: Uint8Array) => void): Promise<void> {
    try {
      send(codec.encode(await answer(data)).finish());
    } catch (error) {
      bus.log.debug({ err: error, subject }, "request not answered");
    }
  }
  return () => subscription.unsubscribe();
}

/** When gathering ends. */
export type GatherOptions<T> = {
  readonly timeoutMs: number;
  /** Data of the request; default: none. */
  readonly request?: Uint8Array;
  /** Answers beyond this many are dropped. */
  readonly maxAnswers: number;
  /** Called with all answers so far; returning true ends the wait. */
  readonly isComplete: (answers: readonly T[]) => boolean;
};

/**
 * Sends a request on a subject and returns the answers of all processes (scatter-gather). Ends when they are complete, at `maxAnswers`
 * or after `timeoutMs`. Answers that cannot be decoded are counted as malformed and left out.
 */
export async function gatherAnswers<T>(
  bus: Bus,
  subject: string,
  codec: Codec<T>,
  { timeoutMs, request, maxAnswers, isComplete }: GatherOptions<T>,
): Promise<T[]> {
  const answers: T[] = [];
  if (isComplete(answers)) return answers;
  const inbox = createInbox();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const subscription = bus.nc.subscribe(inbox, {
    callback(_error, message) {
      // If there are no responders, the broker itself answers, without data.
      if (message.headers?.code === 503) return;
      try {
        answers.push(parseMessage(codec, message.data, subject));
      } catch {
        bus.metrics.count("pixelmesh_malformed_messages_total", { stream: subject });
      }
      if (answers.length >= maxAnswers || isComplete(answers)) resolve();
    },
  });
  const timer = setTimeout(resolve, timeoutMs);
  try {
    bus.nc.publish(subject, request, { reply: inbox });
    await ended;
    return answers;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
}
