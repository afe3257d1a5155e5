import { createInbox } from "@nats-io/transport-node";
import { type Codec, parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";

/**
 * Answers every question that is published on a subject, until the returned function is called. Processes reach each other
 * this way through the broker, which has authenticated both: an address in a bucket proves nothing.
 */
export function answerQuestions<T>(bus: Bus, subject: string, codec: Codec<T>, answer: () => T): () => void {
  const subscription = bus.nc.subscribe(subject, {
    callback(_error, question) {
      if (question.reply) bus.nc.publish(question.reply, codec.encode(answer()).finish());
    },
  });
  return () => subscription.unsubscribe();
}

/** When gathering ends. */
export type GatherOptions<T> = {
  readonly timeoutMs: number;
  /** Answers beyond this many are dropped. */
  readonly maxAnswers: number;
  /** Told of all answers so far; true ends the wait. */
  readonly isComplete: (answers: readonly T[]) => boolean;
};

/**
 * The answers of all processes that answer on a subject. Ends when they are complete, at `maxAnswers` or after `timeoutMs`;
 * answers that do not decode are counted as malformed and left out.
 */
export async function gatherAnswers<T>(
  bus: Bus,
  subject: string,
  codec: Codec<T>,
  { timeoutMs, maxAnswers, isComplete }: GatherOptions<T>,
): Promise<T[]> {
  const answers: T[] = [];
  if (isComplete(answers)) return answers;
  const inbox = createInbox();
  const { promise: ended, resolve } = Promise.withResolvers<void>();
  const subscription = bus.nc.subscribe(inbox, {
    callback(_error, message) {
      // Without a listener the broker answers itself, with no data.
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
    bus.nc.publish(subject, undefined, { reply: inbox });
    await ended;
    return answers;
  } finally {
    clearTimeout(timer);
    subscription.unsubscribe();
  }
}
