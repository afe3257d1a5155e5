import { noSpan, type OpenSpan, withSpan } from "@pixelmesh/telemetry";
import type { Bus } from "../connection/connect.ts";
import { publishDeadLetter } from "../publish/dead-letters.ts";
import type { Acknowledgement } from "./acknowledgement.ts";
import type { PulledMessage } from "./pulled-message.ts";

/** Acknowledges in a child span of the processing span and ends both. Without a processing span there is none: it would be a trace of its own. */
export async function acknowledgeInSpan(
  processing: OpenSpan,
  stream: string,
  send: () => Promise<string>,
): Promise<string> {
  if (processing === noSpan) return send();
  try {
    return await processing.run(() =>
      withSpan(`settle ${stream}`, { kind: "client", attributes: toSettleAttributes(stream) }, async (span) => {
        const verb = await send();
        span.set({ "messaging.operation.name": verb });
        return verb;
      }),
    );
  } finally {
    processing.end();
  }
}

/** OpenTelemetry calls the acknowledgement of a message `settle`. */
const toSettleAttributes = (stream: string) => ({
  "messaging.system.name": "nats",
  "messaging.operation.type": "settle",
  "messaging.destination.name": stream,
});

/**
 * Sends an acknowledgement and returns its verb; `lost` if none was sent. After a pause above `ack_wait` (`isLate`), another worker may
 * hold the message: then only an ack with `completed` is sent.
 */
export async function acknowledge(
  bus: Bus,
  stream: string,
  pulled: PulledMessage,
  acknowledgement: Acknowledgement,
  isLate: boolean,
): Promise<string> {
  if (acknowledgement.$case === "none") return "lost";
  if (isLate && !(acknowledgement.$case === "ack" && acknowledgement.completed)) return "lost";
  if (acknowledgement.$case === "ack") {
    // The ack is not confirmed. If it is lost, the message is redelivered, and its effect is stored already.
    await bus.onWrite?.(`ack ${stream}`);
    pulled.ack();
    return "ack";
  }
  if (acknowledgement.$case === "nak") {
    pulled.nak(acknowledgement.delayMs);
    return "nak";
  }
  return terminate(bus, stream, pulled, acknowledgement.reason);
}

/** Stores a message as a dead letter, then terminates it. */
async function terminate(bus: Bus, stream: string, pulled: PulledMessage, reason: string): Promise<"term" | "nak"> {
  try {
    await publishDeadLetter(bus, {
      subject: pulled.delivery.subject,
      payload: pulled.payload,
      reason,
      messageId: `${stream}:${pulled.delivery.sequence}`,
      traceparent: pulled.header("traceparent") ?? "",
      // Only malformed messages are terminated: their tenant cannot be trusted.
      tenant: "",
    });
  } catch (error) {
    bus.log.error({ err: error, subject: pulled.delivery.subject }, "dead letter not stored; message is retried");
    pulled.nak(5_000);
    return "nak";
  }
  pulled.term();
  return "term";
}
