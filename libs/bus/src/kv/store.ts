import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import type { KV, KvEntry } from "@nats-io/kv";
import { toBrokerError, translate } from "../connection/broker-error.ts";
import { type Codec, parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";

/** A stored value with its revision and the time it was written, by the broker's clock. */
export type Entry<T> = {
  readonly key: string;
  readonly value: T;
  readonly revision: number;
  readonly writtenUnixMs: number;
};

/** A typed bucket. `create` and `update` are compare-and-set writes: the loser of a race writes nothing and gets undefined. */
export type Store<T> = {
  get(key: string): Promise<Entry<T> | undefined>;
  /** Returns the new revision; undefined if the key exists. */
  create(key: string, value: T): Promise<number | undefined>;
  /** Returns the new revision; undefined if the key is no longer at `revision`. */
  update(key: string, value: T, revision: number): Promise<number | undefined>;
  /** Writes unconditionally; for values that any writer may refresh. Returns the new revision. */
  put(key: string, value: T): Promise<number>;
  delete(key: string): Promise<void>;
  /** Deletes the key if it is still at `revision`. Returns whether it was. */
  deleteAt(key: string, revision: number): Promise<boolean>;
  /**
   * Purges a key without leaving a delete mark; for short-lived keys. With `revision`, a newer value stays. Returns whether this call
   * removed it: of several callers, one.
   */
  remove(key: string, revision?: number): Promise<boolean>;
  /**
   * Returns the keys that match a filter such as `default.*`, including deleted ones while the broker stores their marks. It takes one
   * request and no consumer. Its cost grows with all keys of the bucket, so it is for small buckets.
   */
  list(filter: string): Promise<string[]>;
};

/** Opens a bucket that `provision` created. Reading a value that cannot be decoded throws MALFORMED_MESSAGE. */
export async function openStore<T>(bus: Bus, bucket: string, codec: Codec<T>): Promise<Store<T>> {
  // A direct get may be answered by a replica that lags behind, which makes compare-and-set writes fail.
  const kv: KV = await bus.kvm.open(bucket, { allow_direct: false, bindOnly: true });
  const encode = (value: T) => codec.encode(value).finish();
  const toEntry = (entry: KvEntry): Entry<T> => ({
    key: entry.key,
    value: parseMessage(codec, entry.value, `${bucket}/${entry.key}`),
    revision: entry.revision,
    writtenUnixMs: entry.created.getTime(),
  });

  // Created once, because every write is counted by its name.
  const names = {
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
    create: (key, value) => orLost(write(bus, names.create, () => kv.create(key, encode(value)))),
    update: (key, value, revision) => orLost(write(bus, names.update, () => kv.update(key, encode(value), revision))),
    put: (key, value) => translate(write(bus, names.put, () => kv.put(key, encode(value)))),
    delete: (key) => translate(write(bus, names.delete, () => kv.delete(key))),
    async deleteAt(key, revision) {
      const deleted = write(bus, names.delete, () => kv.delete(key, { previousSeq: revision }));
      return (await orLost(deleted.then(() => 1))) !== undefined;
    },
    async remove(key, revision) {
      // `seq` is the first sequence that stays.
      const upTo = revision === undefined ? {} : { seq: revision + 1 };
      const purge = () => bus.jsm.streams.purge(stream, { filter: subject(key), ...upTo });
      return (await translate(write(bus, names.remove, purge))).purged > 0;
    },
    async list(filter) {
      const info = await translate(bus.jsm.streams.info(stream, { subjects_filter: subject(filter) }));
      return Object.keys(info.state.subjects ?? {}).map((found) => found.slice(subject("").length));
    },
  };
}

/** Does a durable write after calling `onWrite`, so that a test can end the process right before it. */
export async function write<T>(bus: Bus, name: string, act: () => Promise<T>): Promise<T> {
  await bus.onWrite?.(name);
  bus.counts.written(name);
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
