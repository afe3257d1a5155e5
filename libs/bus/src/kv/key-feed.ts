import type { Bus } from "../connection/connect.ts";
import { type OrderedPull, openOrderedPull } from "./ordered-pull.ts";

/** An entry of a bucket as a feed delivers it. */
export type FedEntry = { readonly key: string; readonly sequence: number; readonly value: Uint8Array };

/** A running feed of a bucket's entries. */
export type KeyFeed = { close(): Promise<void> };

/** The entries a feed follows and its callbacks. */
export type KeyFeedOptions = {
  readonly bucket: string;
  /** Filter of keys, such as `record.*`. */
  readonly filter: string;
  readonly onEntry: (entry: FedEntry) => void;
  /** Called when all entries that existed when the feed was opened or reopened have been delivered. */
  readonly onCaughtUp: () => void;
};

const reopenMs = 500;

/**
 * Delivers every entry whose key matches the filter, oldest first, then each new entry as it is stored. The feed has one consumer.
 * After a gap, or when the broker was away, it reopens behind the last delivered entry.
 */
export function followKeys(bus: Bus, { bucket, filter, onEntry, onCaughtUp }: KeyFeedOptions): KeyFeed {
  const stream = `KV_${bucket}`;
  const prefix = `$KV.${bucket}.`;
  let lastSequence = 0;
  let pull: OrderedPull | undefined;
  let isClosed = false;

  function openPull(): Promise<OrderedPull> {
    return openOrderedPull(bus, {
      stream,
      filterSubject: `${prefix}${filter}`,
      startSequence: lastSequence + 1,
      onMessage(message, sequence) {
        lastSequence = sequence;
        onEntry({ key: message.subject.slice(prefix.length), sequence, value: message.data });
      },
      onCaughtUp() {
        if (!isClosed) onCaughtUp();
      },
      onBroken: () => void reopen(),
    });
  }

  async function reopen(): Promise<void> {
    const broken = pull;
    pull = undefined;
    await broken?.close();
    while (!isClosed) {
      try {
        pull = await openPull();
        break;
      } catch (error) {
        bus.log.debug({ err: error, stream }, "feed not opened; retrying");
        await new Promise((resolve) => setTimeout(resolve, reopenMs));
      }
    }
    if (isClosed) await pull?.close();
  }

  void reopen();
  return {
    async close() {
      isClosed = true;
      await pull?.close();
    },
  };
}
