import { JetStreamApiError } from "@nats-io/jetstream";
import { toBrokerError, translate } from "../connection/broker-error.ts";
import { type Codec, parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";

const notFound = 10037;

/** The next entry of a walk. Delete marks and values that cannot be decoded have no value. */
export type WalkedEntry<T> = { readonly key: string; readonly revision: number; readonly value: T | undefined };

/**
 * Returns the entry of a bucket with the lowest revision at or above `revision`, among keys that match a filter such as `blob.*`; undefined if
 * there is none. One request, so a walk through a large bucket can be done in small steps. A written entry moves to the end of the walk.
 * Throws BROKER_UNAVAILABLE.
 */
export async function readNextEntry<T>(
  bus: Bus,
  bucket: string,
  codec: Codec<T>,
  revision: number,
  filter = ">",
): Promise<WalkedEntry<T> | undefined> {
  const prefix = `$KV.${bucket}.`;
  const query = { seq: revision, next_by_subj: `${prefix}${filter}` };
  try {
    const found = await bus.jsm.streams.getMessage(`KV_${bucket}`, query as { seq: number });
    if (found === null || found === undefined) return undefined;
    const key = found.subject.slice(prefix.length);
    return { key, revision: found.seq, value: found.header.get("KV-Operation") ? undefined : decode(found.data) };
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === notFound) return undefined;
    throw toBrokerError(error);
  }

  function decode(bytes: Uint8Array): T | undefined {
    try {
      return parseMessage(codec, bytes, bucket);
    } catch {
      return undefined;
    }
  }
}

/** Returns the highest revision of a bucket: the end of a walk that began now. Throws BROKER_UNAVAILABLE. */
export async function readLastRevision({ jsm }: Bus, bucket: string): Promise<number> {
  return (await translate(jsm.streams.info(`KV_${bucket}`))).state.last_seq;
}
