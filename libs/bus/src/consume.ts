import { setTimeout as sleep } from "node:timers/promises";
import { AppError, toAppError } from "@pixelmesh/errors";
import { withExtractedTrace } from "@pixelmesh/telemetry";
import { type Codec, parseMessage } from "./codec.ts";
import type { Bus } from "./connect.ts";
import { publishDeadLetter } from "./dead-letters.ts";
import { createPuller, type Pulled } from "./pull.ts";
import { write } from "./store.ts";
import type { Delivery, Verdict } from "./verdict.ts";

/** What to take, and what to do with it. */
export type ConsumeOptions<T> = {
  readonly stream: string;
  /** Durable consumers in strict order: the next is asked only when those before it have nothing. */
  readonly durables: readonly string[];
  readonly wakeSubject: string;
  readonly codec: Codec<T>;
  /** The subject a message belongs on; bytes that decode to a message of another one are malformed. */
  readonly subjectOf: (message: T) => string;
  /** Messages in hand at once. */
  readonly concurrency: number;
  /** Works on one message. What it throws is given back. Runs in the trace of the message. */
  readonly handle: (message: T, delivery: Delivery) => Promise<Verdict>;
};

/** A running consumer. */
export type Consumer = {
  /** Takes nothing more; resolves when what is in hand has its verdict. */
  stop(): Promise<void>;
  readonly inHand: number;
};

const idlePollMs = 1_000;

/** Takes messages, tells the broker that they are being worked on, and settles each by its verdict. */
export function consume<T>(bus: Bus, options: ConsumeOptions<T>): Consumer {
  const { stream, durables, concurrency } = options;
  const stopping = new AbortController();
  const running = new Set<Promise<void>>();
  let wake = () => {};
  const puller = createPuller(bus, stream);
  const subscription = bus.nc.subscribe(options.wakeSubject, { callback: () => wake() });

  async function take(): Promise<Pulled | undefined> {
    for (const durable of durables) {
      const pulled = await puller.take(durable);
      if (pulled) return pulled;
    }
    return undefined;
  }

  async function loop(): Promise<void> {
    while (!stopping.signal.aborted) {
      if (running.size >= concurrency) {
        await Promise.race(running);
        continue;
      }
      // Armed before looking, so that a wake-up between the look and the wait is not lost.
      const { promise: woken, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      try {
        const pulled = await take();
        if (pulled) {
          const work = settle(bus, options, pulled).finally(() => running.delete(work));
          running.add(work);
          continue;
        }
      } catch (error) {
        // The broker is away or restarting; the connection mends itself.
        if (!stopping.signal.aborted) bus.log.debug({ err: error, stream }, "pull failed");
        await sleep(250, undefined, { signal: stopping.signal }).catch(() => {});
        continue;
      }
      const poll = new AbortController();
      await Promise.race([
        woken,
        sleep(idlePollMs, undefined, { signal: AbortSignal.any([poll.signal, stopping.signal]) }).catch(() => {}),
      ]);
      poll.abort();
    }
    await Promise.allSettled(running);
  }

  const looping = loop();
  return {
    get inHand() {
      return running.size;
    },
    async stop() {
      stopping.abort();
      wake();
      subscription.unsubscribe();
      await looping;
      puller.close();
    },
  };
}

async function settle<T>(bus: Bus, options: ConsumeOptions<T>, pulled: Pulled): Promise<void> {
  const { stream, codec, handle } = options;
  const delivery = { ...pulled.delivery, isLate: () => performance.now() - lastBeatMs > bus.ackWaitMs };
  let lastBeatMs = performance.now();
  const heart = setInterval(() => {
    // A beat that comes too late would call back a message that another worker holds by now.
    if (delivery.isLate()) return;
    lastBeatMs = performance.now();
    pulled.stillWorking();
  }, bus.ackWaitMs / 3);
  let verdict: Verdict;
  try {
    const message = parseMessage(codec, pulled.payload, delivery.subject);
    if (options.subjectOf(message) !== delivery.subject)
      throw new AppError("MALFORMED_MESSAGE", "The message is not the one its subject says");
    verdict = await withExtractedTrace(pulled.header, () => handle(message, delivery));
  } catch (error) {
    const failure = toAppError(error);
    if (failure.reason === "MALFORMED_MESSAGE") {
      bus.metrics.count("pixelmesh_malformed_messages_total", { stream });
      verdict = { $case: "drop", reason: failure.reason };
    } else {
      bus.log.error({ err: failure.cause ?? failure, subject: delivery.subject }, "message given back after a failure");
      verdict = { $case: "giveBack", delayMs: 1_000 };
    }
  } finally {
    clearInterval(heart);
  }
  const settled = await applyVerdict(bus, stream, pulled, verdict, delivery.isLate());
  bus.metrics.count("pixelmesh_messages_consumed_total", {
    stream,
    settle: settled,
    redelivered: String(delivery.deliveries > 1),
  });
}

/** After a pause longer than ack_wait another worker may hold the message: then only what is completed, whoever did it, is said. */
async function applyVerdict(
  bus: Bus,
  stream: string,
  pulled: Pulled,
  verdict: Verdict,
  late: boolean,
): Promise<string> {
  if (verdict.$case === "leave") return "lost";
  if (late && !(verdict.$case === "done" && verdict.completed)) return "lost";
  if (verdict.$case === "done") return (await write(bus, `ack ${stream}`, () => pulled.ack())) ? "ack" : "lost";
  if (verdict.$case === "giveBack") {
    pulled.giveBack(verdict.delayMs);
    return "nak";
  }
  try {
    await publishDeadLetter(bus, {
      subject: pulled.delivery.subject,
      payload: pulled.payload,
      reason: verdict.reason,
      messageId: `${stream}:${pulled.delivery.sequence}`,
      traceparent: pulled.header("traceparent") ?? "",
    });
  } catch (error) {
    bus.log.error({ err: error, subject: pulled.delivery.subject }, "dead letter not stored; the message stays");
    pulled.giveBack(5_000);
    return "nak";
  }
  pulled.terminate();
  return "term";
}
