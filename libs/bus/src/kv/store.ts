import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { KV, KvEntry } from "@nats-io/kv";
import { toBrokerError, translate } from "../connection/broker-error.ts";
import { type Codec, parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";

/** A value with the revision it was read at, and when that was written, by the broker's clock. */
export type Entry<T> = {
  readonly key: string;
  readonly value: T;
  readonly revision: number;
  readonly writtenUnixMs: number;
};

/** A typed bucket. Writes are by compare-and-set: what lost the race answers undefined and wrote nothing. */
export type Store<T> = {
  get(key: string): Promise<Entry<T> | undefined>;
  /** The new revision; undefined when the key is there already. */
  create(key: string, value: T): Promise<number | undefined>;
  /** The new revision; undefined when the key is no longer at `revision`. */
  update(key: string, value: T, revision: number): Promise<number | undefined>;
  /** Writes whatever is there: for values that any writer may refresh. */
  put(key: string, value: T): Promise<number>;
  delete(key: string): Promise<void>;
  /** Deletes only what is still at `revision`; whether it was. */
  deleteAt(key: string, revision: number): Promise<boolean>;
  /** Leaves nothing of a key, not even that it was there: for keys that come and go by the thousand. With `revision`, only what is not newer. */
  remove(key: string, revision?: number): Promise<void>;
  /**
   * Keys that match a filter such as `default.*`, also deleted ones for as long as the broker keeps their marks. One request,
   * and no consumer; its cost is that of all keys of the bucket, so it is for small buckets.
   */
  list(filter: string): Promise<string[]>;
};

/** Opens a bucket that `provision` made. Values that cannot be decoded throw MALFORMED_MESSAGE. */
export async function openStore<T>(bus: Bus, bucket: string, codec: Codec<T>): Promise<Store<T>> {
  // A direct get may be answered by a replica that lags; compare-and-set would only turn that into extra rounds.
  const kv: KV = await bus.kvm.open(bucket, { allow_direct: false, bindOnly: true });
  const encode = (value: T) => codec.encode(value).finish();
  const toEntry = (entry: KvEntry): Entry<T> => ({
    key: entry.key,
    value: parseMessage(codec, entry.value, `${bucket}/${entry.key}`),
    revision: entry.revision,
    writtenUnixMs: entry.created.getTime(),
  });

  // Made once: each of them is counted by.
  const what = {
    create: `create ${bucket}`,
    update: `update ${bucket}`,
    put: `put ${bucket}`,
    delete: `delete ${bucket}`,
    remove: `remove ${bucket}`,
  };
  const stream = `KV_${bucket}`;
  const subject = (key: string) => `$KV.${bucket}.${key}`;

  return {
    async get(key) {
      const entry = await translate(kv.get(key));
      return entry && entry.operation === "PUT" ? toEntry(entry) : undefined;
    },
    create: (key, value) => orLost(write(bus, what.create, () => kv.create(key, encode(value)))),
    update: (key, value, revision) => orLost(write(bus, what.update, () => kv.update(key, encode(value), revision))),
    put: (key, value) => translate(write(bus, what.put, () => kv.put(key, encode(value)))),
    delete: (key) => translate(write(bus, what.delete, () => kv.delete(key))),
    async deleteAt(key, revision) {
      const deleted = write(bus, what.delete, () => kv.delete(key, { previousSeq: revision }));
      return (await orLost(deleted.then(() => 1))) !== undefined;
    },
    async remove(key, revision) {
      // `seq` is the first that stays.
      const upTo = revision === undefined ? {} : { seq: revision + 1 };
      await translate(write(bus, what.remove, () => bus.jsm.streams.purge(stream, { filter: subject(key), ...upTo })));
    },
    async list(filter) {
      const info = await translate(bus.jsm.streams.info(stream, { subjects_filter: subject(filter) }));
      return Object.keys(info.state.subjects ?? {}).map((found) => found.slice(subject("").length));
    },
  };
}

/** A durable write; announced first, so that a test can end the process right before it. */
export async function write<T>(bus: Bus, what: string, act: () => Promise<T>): Promise<T> {
  await bus.onWrite?.(what);
  bus.counts.written(what);
  return act();
}

async function orLost(writing: Promise<number>): Promise<number | undefined> {
  try {
    return await writing;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence)
      return undefined;
    throw toBrokerError(error);
  }
}
