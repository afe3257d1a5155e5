import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { createInbox, type Msg } from "@nats-io/transport-node";
import { translate } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { isMessage, readPosition } from "../consume/pulled-message.ts";

/** An ephemeral consumer with its pull requests. */
export type OrderedPull = {
  /** Stops pulling and removes the consumer. */
  close(): Promise<void>;
};

/** Messages to pull and callbacks. */
export type OrderedPullOptions = {
  readonly stream: string;
  readonly filterSubject: string;
  readonly startSequence: number;
  readonly onMessage: (message: Msg, sequence: number) => void;
  /** Called once all messages that existed at the start have been passed on. */
  readonly onCaughtUp: () => void;
  /**
   * Called after a gap, when messages of the start do not come, when the broker does not reply, and when the consumer is gone. No further
   * message follows.
   */
  readonly onBroken: () => void;
};

const batch = 512;
const expiresMs = 5_000;
const silenceMs = 2_000;
/** The broker removes the consumer of a dead process after this time. */
const inactiveMs = 30_000;

/** Pulls the messages of a stream in order, without acknowledgement. Throws BROKER_UNAVAILABLE. */
export async function openOrderedPull(bus: Bus, options: OrderedPullOptions): Promise<OrderedPull> {
  const { nc, jsm } = bus;
  const { stream } = options;
  const info = await translate(
    jsm.consumers.add(stream, {
      filter_subject: options.filterSubject,
      ack_policy: AckPolicy.None,
      deliver_policy: DeliverPolicy.StartSequence,
      opt_start_seq: options.startSequence,
      inactive_threshold: inactiveMs * 1e6,
      num_replicas: 1,
      mem_storage: true,
    }),
  );
  const inbox = createInbox();
  let delivered = 0;
  let requested = 0;
  let isStopped = false;
  let timer: NodeJS.Timeout | undefined;
  const subscription = nc.subscribe(inbox, { callback: (_error, reply) => onReply(reply) });

  function stop(): void {
    isStopped = true;
    clearTimeout(timer);
    subscription.unsubscribe();
  }
  function fail(): void {
    if (isStopped) return;
    stop();
    options.onBroken();
  }
  function onReply(reply: Msg): void {
    if (isStopped) return;
    if (!isMessage(reply)) {
      requested = 0;
      // 404 and 408: the request expired. Any other status means that the consumer is gone. Nothing is left, but fewer messages came than
      // existed at the start: they were removed, or a purge made the consumer skip them. Another consumer has what remains.
      const isExpired = [404, 408].includes(reply.headers?.code ?? 0);
      if (isExpired && delivered >= info.num_pending) request();
      else fail();
      return;
    }
    const { sequence, consumerSequence } = readPosition(reply.reply as string);
    if (consumerSequence !== delivered + 1) {
      fail();
      return;
    }
    delivered = consumerSequence;
    requested -= 1;
    options.onMessage(reply, sequence);
    if (delivered === info.num_pending) options.onCaughtUp();
    request();
  }
  function request(): void {
    if (requested > 0 || isStopped) return;
    requested = batch;
    const payload = JSON.stringify({ batch, expires: expiresMs * 1e6 });
    nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${info.name}`, payload, { reply: inbox });
    // A request without any reply was lost with its connection or its broker.
    clearTimeout(timer);
    timer = setTimeout(fail, expiresMs + silenceMs);
    timer.unref();
  }

  if (info.num_pending === 0) options.onCaughtUp();
  request();
  return {
    async close() {
      stop();
      await jsm.consumers.delete(stream, info.name).catch(() => {});
    },
  };
}
