import { AckPolicy, DeliverPolicy } from "@nats-io/jetstream";
import { createInbox, type Msg } from "@nats-io/transport-node";
import { translate } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { isMessage, readPosition } from "../consume/pulled-message.ts";

/** An entry of a bucket as a feed delivers it. */
export type FedEntry = { readonly key: string; readonly sequence: number; readonly value: Uint8Array };

/** A standing look at the entries of a bucket. */
export type KeyFeed = { close(): Promise<void> };

/** What a feed follows, and whom it tells. */
export type KeyFeedOptions = {
  readonly bucket: string;
  /** Such as `record.*`. */
  readonly filter: string;
  readonly onEntry: (entry: FedEntry) => void;
  /** Everything that was there when the feed was opened or opened again has been delivered. */
  readonly onCaughtUp: () => void;
};

const batch = 512;
const expiresMs = 5_000;
const silenceMs = 2_000;
const openAgainMs = 500;
/** A feed whose process is gone leaves its consumer for so long. */
const inactiveMs = 30_000;

/**
 * Delivers every entry whose key matches the filter, the oldest first, then each new one as it is stored. One consumer serves
 * it for as long as it is open; after a gap, or when the broker was away, it goes on behind the last entry that came.
 */
export function followKeys(bus: Bus, { bucket, filter, onEntry, onCaughtUp }: KeyFeedOptions): KeyFeed {
  const { nc, jsm, log } = bus;
  const stream = `KV_${bucket}`;
  const prefix = `$KV.${bucket}.`;
  let lastSequence = 0;
  let consumer: string | undefined;
  let delivered = 0;
  /** Entries that were there when the consumer was made. */
  let owed = 0;
  let asked = 0;
  let isClosed = false;
  let isOpening = false;
  let timer: NodeJS.Timeout | undefined;
  let subscription: { unsubscribe(): void } | undefined;

  async function open(): Promise<void> {
    const info = await translate(
      jsm.consumers.add(stream, {
        filter_subject: `${prefix}${filter}`,
        ack_policy: AckPolicy.None,
        deliver_policy: DeliverPolicy.StartSequence,
        opt_start_seq: lastSequence + 1,
        inactive_threshold: inactiveMs * 1e6,
        num_replicas: 1,
        mem_storage: true,
      }),
    );
    if (isClosed) return leave(info.name);
    consumer = info.name;
    delivered = 0;
    owed = info.num_pending;
    asked = 0;
    const inbox = createInbox();
    subscription?.unsubscribe();
    subscription = nc.subscribe(inbox, { callback: (_error, message) => take(message, inbox) });
    if (owed === 0) onCaughtUp();
    ask(inbox);
  }

  function take(message: Msg, inbox: string): void {
    if (!isMessage(message)) {
      asked = 0;
      // 404 and 408: nothing came in time. Everything else says that the consumer is no longer there.
      if ([404, 408].includes(message.headers?.code ?? 0)) ask(inbox);
      else openSoon();
      return;
    }
    const { sequence, consumerSequence } = readPosition(message.reply as string);
    if (consumerSequence !== delivered + 1) {
      openSoon();
      return;
    }
    delivered = consumerSequence;
    lastSequence = sequence;
    asked -= 1;
    onEntry({ key: message.subject.slice(prefix.length), sequence, value: message.data });
    if (delivered === owed) onCaughtUp();
    ask(inbox);
  }

  function ask(inbox: string): void {
    if (asked > 0 || isClosed || consumer === undefined) return;
    asked = batch;
    const request = JSON.stringify({ batch, expires: expiresMs * 1e6 });
    nc.publish(`$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`, request, { reply: inbox });
    listenFor(expiresMs + silenceMs);
  }

  /** A request that is answered by nothing at all was lost with its connection or its broker. */
  function listenFor(ms: number): void {
    clearTimeout(timer);
    timer = setTimeout(openSoon, ms);
    timer.unref();
  }

  function openSoon(): void {
    if (isClosed || isOpening) return;
    isOpening = true;
    clearTimeout(timer);
    subscription?.unsubscribe();
    const old = consumer;
    consumer = undefined;
    void (async () => {
      if (old) await leave(old);
      while (!isClosed) {
        try {
          await open();
          break;
        } catch (error) {
          log.debug({ err: error, stream }, "feed not opened; tried again");
          await new Promise((resolve) => setTimeout(resolve, openAgainMs));
        }
      }
      isOpening = false;
    })();
  }

  const leave = (name: string) =>
    jsm.consumers.delete(stream, name).then(
      () => {},
      () => {},
    );

  openSoon();
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      subscription?.unsubscribe();
      if (consumer) await leave(consumer);
    },
  };
}
