import { DiscardPolicy, JetStreamApiError } from "@nats-io/jetstream";
import type { Bus } from "../connection/connect.ts";

const noRoom = 10047;

/**
 * Changes the bounds of a stream that is there. A bucket whose content would not fit keeps its size until the keeper has made
 * room and the next start repeats this: lowering it would make the broker drop its oldest messages, those of running jobs too.
 */
export async function applyBound(
  { jsm, log }: Bus,
  stream: string,
  maxBytes: number,
  maxMessageBytes?: number,
): Promise<void> {
  const { config, state } = await jsm.streams.info(stream);
  const isTooFull = config.discard === DiscardPolicy.New && state.bytes > maxBytes;
  if (isTooFull) {
    const facts = { stream, bytes: state.bytes, maxBytes };
    log.warn(facts, "the stream holds more than its new bound; the bound is changed at a later start");
  }
  const max_bytes = isTooFull ? config.max_bytes : maxBytes;
  const max_msg_size = maxMessageBytes ?? config.max_msg_size;
  if (config.max_bytes === max_bytes && config.max_msg_size === max_msg_size) return;
  await jsm.streams.update(stream, { ...config, max_bytes, max_msg_size });
}

/** Whether a failure says that the bounds of all streams together exceed what the broker may store. */
export function isNoRoom(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === noRoom;
}
