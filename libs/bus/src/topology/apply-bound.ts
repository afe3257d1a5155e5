import { DiscardPolicy, JetStreamApiError } from "@nats-io/jetstream";
import type { Bus } from "../connection/connect.ts";

const insufficientStorage = 10047;

/**
 * Changes the bounds of an existing stream. A bucket that holds more than the new bound keeps its old one, because the broker would
 * remove its oldest messages, even those of running jobs. Ingest evicts entries, and a later start applies the bound.
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

/** Whether the broker refused a stream because the bounds of all streams together exceed its storage. */
export function isStoreFull(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === insufficientStorage;
}
