import { AppError, toAppError } from "@pixelmesh/errors";
import { noSpan, type OpenSpan, openEntry, type SpanAttributes } from "@pixelmesh/telemetry";
import { type Codec, parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";
import { acknowledge, acknowledgeInSpan } from "./acknowledge.ts";
import type { Acknowledgement, Delivery } from "./acknowledgement.ts";
import type { PulledMessage } from "./pulled-message.ts";

/** The messages of a stream and their handler. */
export type ProcessOptions<T> = {
  readonly stream: string;
  readonly codec: Codec<T>;
  /** Returns the subject a message belongs on. Bytes that decode to a message of another subject are malformed. */
  readonly subjectOf: (message: T) => string;
  /** Handles one message, in the trace of that message. If it throws, the message is delivered again after 1 s. */
  readonly handle: (message: T, delivery: Delivery) => Promise<Acknowledgement>;
  /** Returns name and attributes of the span that covers the handling. Without it there is no span. */
  readonly describe?: (
    message: T,
    delivery: Delivery,
  ) => { readonly name: string; readonly attributes: SpanAttributes };
};

/** Processes one message, sends `in progress` heartbeats meanwhile, then acks, naks or terminates it. Rejects for no message. */
export async function processMessage<T>(bus: Bus, options: ProcessOptions<T>, pulled: PulledMessage): Promise<void> {
  const { stream } = options;
  const heartbeats = startHeartbeats(bus, pulled);
  const delivery = { ...pulled.delivery, isLate: heartbeats.isLate };
  const { acknowledgement, span } = await handleMessage(bus, options, pulled, delivery).finally(heartbeats.stop);
  const isLate = delivery.isLate();
  const verb = await acknowledgeInSpan(span, stream, () => acknowledge(bus, stream, pulled, acknowledgement, isLate));
  bus.counts.consumed(stream, verb, delivery.deliveries > 1);
}

/** Tells the broker three times per `ack_wait` that the message is in progress. `isLate` is true once more than `ack_wait` has passed. */
function startHeartbeats(bus: Bus, pulled: PulledMessage): { isLate(): boolean; stop(): void } {
  let lastBeatMs = performance.now();
  const isLate = () => performance.now() - lastBeatMs > bus.ackWaitMs;
  const timer = setInterval(() => {
    // A late heartbeat would take the message away from the worker that holds it by now.
    if (isLate()) return;
    lastBeatMs = performance.now();
    pulled.inProgress();
  }, bus.ackWaitMs / 3);
  return { isLate, stop: () => clearInterval(timer) };
}

/** Decodes and handles a message. A malformed message is terminated; after any other failure it is delivered again. */
async function handleMessage<T>(
  bus: Bus,
  options: ProcessOptions<T>,
  pulled: PulledMessage,
  delivery: Delivery,
): Promise<{ readonly acknowledgement: Acknowledgement; readonly span: OpenSpan }> {
  let span: OpenSpan = noSpan;
  try {
    const message = parseMessage(options.codec, pulled.payload, delivery.subject);
    if (options.subjectOf(message) !== delivery.subject)
      throw new AppError("MALFORMED_MESSAGE", "The message belongs on another subject");
    const entry = openEntry(pulled.header, toProcessSpan(options, message, delivery));
    span = entry.span;
    return { acknowledgement: await entry.run(() => options.handle(message, delivery)), span };
  } catch (error) {
    const failure = toAppError(error);
    span.fail(failure.reason);
    if (failure.reason === "MALFORMED_MESSAGE") {
      bus.metrics.count("pixelmesh_malformed_messages_total", { stream: options.stream });
      return { acknowledgement: { $case: "term", reason: failure.reason }, span };
    }
    bus.log.error(
      { err: failure.cause ?? failure, subject: delivery.subject },
      "processing failed; message is retried",
    );
    return { acknowledgement: { $case: "nak", delayMs: 1_000 }, span };
  }
}

/** The span that covers the handling of a message; undefined without `describe`. */
function toProcessSpan<T>(options: ProcessOptions<T>, message: T, delivery: Delivery) {
  if (!options.describe) return undefined;
  const { name, attributes: own } = options.describe(message, delivery);
  const attributes = {
    "messaging.system.name": "nats",
    "messaging.operation.name": "process",
    "messaging.operation.type": "process",
    "messaging.destination.name": options.stream,
    "pixelmesh.nats.stream": options.stream,
    "pixelmesh.nats.delivery_count": delivery.deliveries,
    "pixelmesh.queue.wait_ms": Math.max(0, Date.now() - delivery.storedUnixMs),
    ...own,
  };
  return { name, options: { kind: "consumer" as const, attributes } };
}
