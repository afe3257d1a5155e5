import { AppError, toAppError } from "@pixelmesh/errors";
import { noSpan, type OpenSpan, openEntry, type SpanAttributes, withSpan } from "@pixelmesh/telemetry";
import { type Codec, parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";
import { publishDeadLetter } from "../publish/dead-letters.ts";
import type { Pulled } from "./pulled-message.ts";
import type { Delivery, Verdict } from "./verdict.ts";

/** What the messages of a stream are, and who works on them. */
export type SettleOptions<T> = {
  readonly stream: string;
  readonly codec: Codec<T>;
  /** The subject a message belongs on; bytes that decode to a message of another one are malformed. */
  readonly subjectOf: (message: T) => string;
  /** Works on one message. What it throws is given back. Runs in the trace of the message. */
  readonly handle: (message: T, delivery: Delivery) => Promise<Verdict>;
  /** What a span of working on a message is called and says; without it there is none. */
  readonly describe?: (
    message: T,
    delivery: Delivery,
  ) => { readonly name: string; readonly attributes: SpanAttributes };
};

/** Has one message worked on, tells the broker meanwhile that it is, and then what became of it. Never rejects for the message's sake. */
export async function settle<T>(bus: Bus, options: SettleOptions<T>, pulled: Pulled): Promise<void> {
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
  let span = noSpan;
  try {
    const message = parseMessage(codec, pulled.payload, delivery.subject);
    if (options.subjectOf(message) !== delivery.subject)
      throw new AppError("MALFORMED_MESSAGE", "The message is not the one its subject says");
    const entry = openEntry(pulled.header, toProcessSpan(options, message, delivery));
    span = entry.span;
    verdict = await entry.run(() => handle(message, delivery));
  } catch (error) {
    const failure = toAppError(error);
    span.fail(failure.reason);
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
  const settled = await settleInSpan(span, stream, () => applyVerdict(bus, stream, pulled, verdict, delivery.isLate()));
  bus.counts.consumed(stream, settled, delivery.deliveries > 1);
}

/** Settles in a span of its own below the one of the work, and ends both. Work without a span has none: it would be a trace of its own. */
async function settleInSpan(work: OpenSpan, stream: string, apply: () => Promise<string>): Promise<string> {
  if (work === noSpan) return apply();
  try {
    return await work.run(() =>
      withSpan(`settle ${stream}`, { kind: "client", attributes: settleAttributes }, async (settling) => {
        const name = await apply();
        settling.set({ "messaging.operation.name": name });
        return name;
      }),
    );
  } finally {
    work.end();
  }
}

const settleAttributes = { "messaging.system": "nats", "messaging.operation.type": "settle" } as const;

/** The span of working on a message; undefined where there is none. */
function toProcessSpan<T>(options: SettleOptions<T>, message: T, delivery: Delivery) {
  if (!options.describe) return undefined;
  const { name, attributes: own } = options.describe(message, delivery);
  const attributes = {
    "messaging.system": "nats",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "pixelmesh.nats.stream": options.stream,
    "pixelmesh.nats.delivery_count": delivery.deliveries,
    "pixelmesh.queue.wait_ms": Math.max(0, Date.now() - delivery.storedUnixMs),
    ...own,
  };
  return { name, options: { kind: "consumer" as const, attributes } };
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
  if (verdict.$case === "done") {
    // Not confirmed: should it get lost, the message comes again, and what it stands for is stored.
    await bus.onWrite?.(`ack ${stream}`);
    pulled.ack();
    return "ack";
  }
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
      // Only a message that does not decode, or is not its subject's, is dropped: what it says of a tenant proves nothing.
      tenant: "",
    });
  } catch (error) {
    bus.log.error({ err: error, subject: pulled.delivery.subject }, "dead letter not stored; the message stays");
    pulled.giveBack(5_000);
    return "nak";
  }
  pulled.terminate();
  return "term";
}
