import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { boundShare } from "./bounds.ts";
import { toBrokerError, translate } from "./broker-error.ts";
import type { Bus } from "./connect.ts";
import { write } from "./store.ts";

/** The buckets whose oldest entries give way to new ones. */
export type KeptBucket = keyof typeof boundShare;

/** How full a bucket is, and which sequences its entries have. */
export type BucketState = {
  readonly sizeBytes: number;
  /** What it may take; `jobs` has a reserve above that. */
  readonly boundBytes: number;
  readonly entries: number;
  readonly firstSequence: number;
  readonly lastSequence: number;
};

const notFound = 10037;
const maxRounds = 5;

/** Reads the state of a bucket's stream: one request, independent of the number of entries. Throws BROKER_UNAVAILABLE. */
export async function readBucketState({ jsm, bounds }: Bus, bucket: KeptBucket): Promise<BucketState> {
  const { state, config } = await translate(jsm.streams.info(streamOf(bucket)));
  return {
    sizeBytes: state.bytes,
    boundBytes: Math.min(config.max_bytes, bounds.buckets[bucket]) * boundShare[bucket],
    entries: state.messages,
    firstSequence: state.first_seq,
    lastSequence: state.last_seq,
  };
}

/** The sequence of a key's entry; undefined where it has none. */
export async function sequenceOf(bus: Bus, bucket: KeptBucket, key: string): Promise<number | undefined> {
  return (await readRaw(bus, bucket, key))?.seq;
}

/** A key that matches a filter such as `spec.*.x`; undefined where none does. The broker searches the bucket for it. */
export async function findKey(bus: Bus, bucket: KeptBucket, filter: string): Promise<string | undefined> {
  const query = { seq: 0, next_by_subj: subjectOf(bucket, filter) } as { seq: number };
  return (await getMessage(bus, bucket, query))?.subject.slice(subjectOf(bucket, "").length);
}

/**
 * Writes an entry that lies below a sequence again, byte by byte, so that it becomes the newest of its bucket. Answers the
 * sequence that the key has then; undefined where it has none. Throws QUEUE_FULL when the bucket has no room for one more.
 */
export async function rewriteEntry(
  bus: Bus,
  bucket: KeptBucket,
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
      // Another writer was faster: what it wrote is newer.
      const isLost = error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
      if (!isLost) throw toBrokerError(error);
    }
  }
  return undefined;
}

/** Removes every entry below a sequence in one request; answers how many there were. */
export async function purgeBelow(bus: Bus, bucket: KeptBucket, sequence: number): Promise<number> {
  const purge = () => bus.jsm.streams.purge(streamOf(bucket), { seq: sequence });
  return (await translate(write(bus, `purge ${bucket}`, purge))).purged;
}

/** Gives a bucket that has no room left a sixteenth more, for what must be written before anything can be removed. */
export async function widenBucket({ jsm }: Bus, bucket: KeptBucket): Promise<void> {
  const { config } = await translate(jsm.streams.info(streamOf(bucket)));
  const wider = { ...config, max_bytes: config.max_bytes + Math.ceil(config.max_bytes / 16) };
  await translate(jsm.streams.update(streamOf(bucket), wider));
}

/** Gives a bucket its planned bound again, once what it holds fits. */
export async function narrowBucket({ jsm, bounds }: Bus, bucket: KeptBucket): Promise<void> {
  const { config, state } = await translate(jsm.streams.info(streamOf(bucket)));
  const planned = bounds.buckets[bucket];
  if (config.max_bytes <= planned || state.bytes >= planned) return;
  await translate(jsm.streams.update(streamOf(bucket), { ...config, max_bytes: planned }));
}

async function readRaw(bus: Bus, bucket: KeptBucket, key: string) {
  const found = await getMessage(bus, bucket, { last_by_subj: subjectOf(bucket, key) });
  // A deleted key leaves a mark.
  return found && !found.header.get("KV-Operation") ? found : undefined;
}

async function getMessage({ jsm }: Bus, bucket: KeptBucket, query: { last_by_subj: string } | { seq: number }) {
  try {
    return (await jsm.streams.getMessage(streamOf(bucket), query as { seq: number })) ?? undefined;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === notFound) return undefined;
    throw toBrokerError(error);
  }
}

const streamOf = (bucket: KeptBucket) => `KV_${bucket}`;
const subjectOf = (bucket: KeptBucket, key: string) => `$KV.${bucket}.${key}`;
