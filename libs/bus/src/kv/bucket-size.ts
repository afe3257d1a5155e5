import { JetStreamApiCodes, JetStreamApiError, type StoredMsg } from "@nats-io/jetstream";
import { toBrokerError, translate } from "../connection/broker-error.ts";
import type { Bus } from "../connection/connect.ts";
import { type BoundedBucket, type EvictableBucket, toBoundBytes } from "../topology/stream-bounds.ts";
import { write } from "./store.ts";

/** Size of a bucket and sequences of its entries. */
export type BucketState = {
  readonly sizeBytes: number;
  /** Bound of its size. */
  readonly boundBytes: number;
  /** Its `max_bytes`, above which it refuses all writes. That of `jobs` includes a reserve above its bound. */
  readonly maxBytes: number;
  readonly entries: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
};

const notFound = 10037;
const maxRounds = 5;
const sequencesPerPurge = 250;
/** Above the `max_msg_size` of every bucket. */
const largestEntry = 2 ** 20;
const narrowShare = 0.9;

/** Reads the state of a bucket's stream: one request, independent of the number of entries. Throws BROKER_UNAVAILABLE. */
export async function readBucketState({ jsm, bounds }: Bus, bucket: BoundedBucket): Promise<BucketState> {
  const { state, config } = await translate(jsm.streams.info(streamOf(bucket)));
  return {
    sizeBytes: state.bytes,
    boundBytes: toBoundBytes(bucket, Math.min(config.max_bytes, bounds.buckets[bucket])),
    maxBytes: config.max_bytes,
    entries: state.messages,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
  };
}

/**
 * Returns the sequence of a key's entry; undefined if it has none. During a purge nats-server 2.9 sometimes fails to find a key for
 * some milliseconds. A second request searches for the key without the index of last messages.
 */
export async function sequenceOf(bus: Bus, bucket: EvictableBucket, key: string): Promise<number | undefined> {
  return ((await readRaw(bus, bucket, key)) ?? unlessDeleted(await findFrom(bus, bucket, 0, key)))?.seq;
}

/** Returns a key that matches a filter such as `spec.*.x`; undefined if none does. The broker scans the bucket. */
export async function findKey(bus: Bus, bucket: EvictableBucket, filter: string): Promise<string | undefined> {
  return (await findFrom(bus, bucket, 0, filter))?.subject.slice(subjectOf(bucket, "").length);
}

/** Returns the first sequence at or above `sequence` among keys that match a filter such as `spec.>`; undefined if there is none. */
export async function sequenceFrom(
  bus: Bus,
  bucket: EvictableBucket,
  sequence: number,
  filter = ">",
): Promise<number | undefined> {
  return (await findFrom(bus, bucket, sequence, filter))?.seq;
}

/**
 * Writes an entry below a sequence again, byte by byte, so that it becomes the newest of its bucket. Returns the new sequence of the
 * key; undefined if it has no entry. Throws QUEUE_FULL if the bucket is full.
 */
export async function rewriteEntry(
  bus: Bus,
  bucket: EvictableBucket,
  key: string,
  belowSequence: number,
): Promise<number | undefined> {
  for (let round = 0; round < maxRounds; round++) {
    const found = await readRaw(bus, bucket, key);
    if (!found || found.seq >= belowSequence) return found?.seq;
    try {
      const expect = { lastSubjectSequence: found.seq };
      const publish = () => bus.js.publish(subjectOf(bucket, key), found.data, { expect });
      return (await write(bus, `rewrite ${bucket}`, publish)).seq;
    } catch (error) {
      // If another writer has changed the key, its entry is newer.
      const isLost = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
      if (!isLost) throw toBrokerError(error);
    }
  }
  return undefined;
}

/**
 * Removes the entries below a sequence and returns their number. It stops early if the broker finds no entry at the
 * sequence; a later purge removes the rest. While it runs, no other writer may change the keys below the sequence or the key at it.
 *
 * It avoids two faults of nats-server 2.9 (`Compact` in filestore.go, read in 2.9.10):
 * * After a purge, the broker treats the message at the purge's sequence as present, even if a newer message had replaced it. The next
 *   purge then removes that key from the index, and the newer message is not found. So each purge ends at an entry that is present.
 * * When a purge removes a whole block of messages, the keys of the block stay in the index (280 bytes each) until the broker
 *   restarts. So a purge is done in parts that are small against a block of 8 MiB; 0.9 % of the keys stay.
 */
export async function purgeBelow(bus: Bus, bucket: EvictableBucket, sequence: number): Promise<number> {
  const { firstSequence, lastSequence } = await readBucketState(bus, bucket);
  let purged = 0;
  for (let below = firstSequence; below < sequence; ) {
    const found = await sequenceFrom(bus, bucket, Math.min(sequence, below + sequencesPerPurge));
    const isAll = found === undefined && sequence > lastSequence;
    if (!isAll && (found === undefined || found > sequence)) break;
    below = found ?? sequence;
    const purge = () => bus.jsm.streams.purge(streamOf(bucket), { seq: below });
    purged += (await translate(write(bus, `purge ${bucket}`, purge))).purged;
  }
  return purged;
}

/** Raises the `max_bytes` of a full bucket by a sixteenth, at least one largest entry, so that entries can be rewritten before eviction. */
export async function widenBucket({ jsm }: Bus, bucket: EvictableBucket): Promise<void> {
  const { config } = await translate(jsm.streams.info(streamOf(bucket)));
  const wider = { ...config, max_bytes: config.max_bytes + Math.max(largestEntry, Math.ceil(config.max_bytes / 16)) };
  await translate(jsm.streams.update(streamOf(bucket), wider));
}

/** Restores the planned `max_bytes` of a bucket, once it holds at most 90 % of that. */
export async function narrowBucket({ jsm, bounds }: Bus, bucket: EvictableBucket): Promise<void> {
  const { config, state } = await translate(jsm.streams.info(streamOf(bucket)));
  const planned = bounds.buckets[bucket];
  if (config.max_bytes <= planned || state.bytes > narrowShare * planned) return;
  await translate(jsm.streams.update(streamOf(bucket), { ...config, max_bytes: planned }));
}

function findFrom(bus: Bus, bucket: EvictableBucket, sequence: number, filter: string) {
  const subject = filter === ">" ? ">" : subjectOf(bucket, filter);
  return getMessage(bus, bucket, { seq: sequence, next_by_subj: subject } as { seq: number });
}

async function readRaw(bus: Bus, bucket: EvictableBucket, key: string) {
  return unlessDeleted(await getMessage(bus, bucket, { last_by_subj: subjectOf(bucket, key) }));
}

/** Returns undefined for the mark of a deleted key. */
function unlessDeleted(found: StoredMsg | undefined): StoredMsg | undefined {
  return found && !found.header.get("KV-Operation") ? found : undefined;
}

async function getMessage({ jsm }: Bus, bucket: EvictableBucket, query: { last_by_subj: string } | { seq: number }) {
  try {
    return (await jsm.streams.getMessage(streamOf(bucket), query as { seq: number })) ?? undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === notFound) return undefined;
    throw toBrokerError(error);
  }
}

const streamOf = (bucket: BoundedBucket) => `KV_${bucket}`;
const subjectOf = (bucket: EvictableBucket, key: string) => `$KV.${bucket}.${key}`;
