import { createInbox, headers, type Msg, type MsgHdrs } from "@nats-io/transport-node";
import { AppError, toAppError } from "@pixelmesh/errors";
import { JobEvent } from "@pixelmesh/proto";
import { injectTrace, openEntry } from "@pixelmesh/telemetry";
import { parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";

/** Takes job events of other processes without the log. */
export type EventInbox = {
  /** The subject of the inbox. Work items carry it. */
  readonly subject: string;
  /** Takes no more events. Resolves when all events in hand are handled. */
  close(): Promise<void>;
};

/** The handlers of an inbox. */
export type EventHandlers = {
  /** Applies one event, in the trace of its sender. The sender is told whether it succeeded. */
  readonly apply: (event: JobEvent) => Promise<void>;
  /** Called with every start that any worker announces. `isOwn`: its work item names this inbox. */
  readonly onStarted: (event: JobEvent, isOwn: boolean) => void;
};

const startedSubject = "started";
const replyTimeoutMs = 2_000;
/** Most events that a process applies at once. */
const maxInHand = 1_024;
const applied = "+OK";
const refused = "-ERR";
/** Name of the events in the counters of messages. */
const counted = "events";

/** Opens an inbox for job events. A process that ends takes its inbox with it: senders then have no answer and use the log. */
export function openEventInbox(bus: Bus, { apply, onStarted }: EventHandlers): EventInbox {
  const { nc, log } = bus;
  const subject = createInbox();
  const inHand = new Set<Promise<void>>();

  async function answer(message: Msg): Promise<void> {
    if (inHand.size >= maxInHand) {
      // The sender logs it. The consumer of the log is bounded.
      if (message.reply) nc.publish(message.reply, refused);
      return;
    }
    const event = parse(bus, message);
    let isApplied = false;
    try {
      if (event) await openEntry((name) => message.headers?.get(name) || undefined, undefined).run(() => apply(event));
      isApplied = event !== undefined;
    } catch (error) {
      log.warn(
        { err: error, jobId: event?.jobId, reason: toAppError(error).reason },
        "event not applied; it is logged",
      );
    }
    if (message.reply) nc.publish(message.reply, isApplied ? applied : refused);
  }

  const events = nc.subscribe(subject, {
    callback(_error, message) {
      const work = answer(message).finally(() => inHand.delete(work));
      inHand.add(work);
    },
  });
  const starts = nc.subscribe(startedSubject, {
    callback(_error, message) {
      const event = parse(bus, message);
      if (event?.event?.$case === "started") onStarted(event, message.reply === subject);
    },
  });
  return {
    subject,
    async close() {
      events.unsubscribe();
      starts.unsubscribe();
      await Promise.allSettled(inHand);
    },
  };
}

/**
 * Sends an event to an inbox. Resolves to whether its process has applied the event: its effect is stored then. If not, publish the event
 * to the log; a repeated event has no effect.
 */
export async function sendEvent({ nc, counts }: Bus, inbox: string, event: JobEvent): Promise<boolean> {
  try {
    const options = { timeout: replyTimeoutMs, headers: traceHeaders() };
    const reply = await nc.request(inbox, JobEvent.encode(event).finish(), options);
    const isApplied = reply.string() === applied;
    counts.published(counted, isApplied ? "stored" : "failed");
    return isApplied;
  } catch {
    counts.published(counted, "failed");
    return false;
  }
}

/**
 * Announces the start of a step to all inboxes. It may be lost. While the broker is connected, this resolves when the operating system has the
 * message, so that the death of this process does not lose it.
 */
export async function announceStart({ nc }: Bus, inbox: string, event: JobEvent): Promise<void> {
  nc.publish(startedSubject, JobEvent.encode(event).finish(), { reply: inbox });
  // Messages of one turn of the event loop are sent at its end (write-batch.ts).
  await new Promise((resolve) => setImmediate(resolve));
}

function parse({ metrics }: Bus, { data, subject }: Msg): JobEvent | undefined {
  try {
    const event = parseMessage(JobEvent, data, subject);
    if (event.jobId === "" || event.event === undefined)
      throw new AppError("MALFORMED_MESSAGE", "The message is no event of a job");
    return event;
  } catch {
    metrics.count("pixelmesh_malformed_messages_total", { stream: counted });
    return undefined;
  }
}

function traceHeaders(): MsgHdrs {
  const carried = headers();
  injectTrace((name, value) => carried.set(name, value));
  return carried;
}
