import { errors, type NatsConnection, type Payload, type PublishOptions } from "@nats-io/transport-node";

/** One message to publish. */
export type BatchedMessage = {
  readonly subject: string;
  readonly payload: Payload | undefined;
  readonly options: PublishOptions;
  /** Called if the message cannot be sent: the connection closes, or the payload is above the broker's limit. */
  readonly onFailure: (error: Error) => void;
  /** The message is sent only if this returns true at that time; default: always. */
  readonly isWanted?: () => boolean;
};

/** Messages that are sent together. */
export type WriteBatch = {
  /** Adds a message; it is sent at the end of this turn of the event loop. */
  add(message: BatchedMessage): void;
  /** Sends all messages now. */
  flush(): void;
  /** The connection is lost: holds messages until `resume`. */
  pause(): void;
  /** The connection is back: sends the held messages. */
  resume(): void;
};

/** Most messages and bytes that are held while the connection is lost. */
const maxHeld = 4_096;
const maxHeldBytes = 16 * 2 ** 20;

/** Batches the messages of one turn of the event loop into one write, in their order. */
export function createWriteBatch(nc: NatsConnection): WriteBatch {
  let messages: BatchedMessage[] = [];
  let heldBytes = 0;
  let isConnected = true;

  function send({ subject, payload, options, onFailure, isWanted }: BatchedMessage): void {
    try {
      if (isWanted?.() ?? true) nc.publish(subject, payload, options);
    } catch (error) {
      onFailure(error as Error);
    }
  }
  function flush(): void {
    // While disconnected, the client discards its buffer at each attempt to reconnect.
    if (!isConnected) return;
    const sending = messages;
    messages = [];
    heldBytes = 0;
    for (const message of sending) send(message);
  }

  return {
    flush,
    add(message) {
      if (messages.length === 0) setImmediate(flush);
      if (!isConnected) {
        const bytes = message.payload?.length ?? 0;
        if (messages.length >= maxHeld || heldBytes + bytes > maxHeldBytes) {
          message.onFailure(new errors.RequestError("connection lost, and too many messages wait for the next one"));
          return;
        }
        heldBytes += bytes;
      }
      messages.push(message);
    },
    pause() {
      isConnected = false;
    },
    resume() {
      isConnected = true;
      flush();
    },
  };
}
