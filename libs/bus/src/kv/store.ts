import { JetStreamApiCodes, JetStreamApiError } from "@nats-io/jetstream";
import { headers, type MsgHdrs } from "@nats-io/transport-node";
import { expected } from "@pixelmesh/errors";
import { toBrokerError, translate } from "../connection/broker-error.ts";
import { type Codec, parseMessage } from "../connection/codec.ts";
import type { Bus } from "../connection/connect.ts";
import { readLastMessage, type StreamMessage, storeMessage } from "./stream-requests.ts";

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
  /** Whether a key matches a filter such as `default.*`. It costs the broker a quarter of a listing. */
  hasAny(filter: string): Promise<boolean>;
};

/** Opens a bucket that `provision` created. Reading a value that cannot be decoded throws MALFORMED_MESSAGE. */
export async function openStore<T>(bus: Bus, bucket: string, codec: Codec<T>): Promise<Store<T>> {
  const stream = `KV_${bucket}`;
  const prefix = `$KV.${bucket}.`;
  const encode = (value: T) => codec.encode(value).finish();
  // Created once, because every write is counted by its name.
  const names = {
    create: `create ${bucket}`,
    update: `update ${bucket}`,
    put: `put ${bucket}`,
    delete: `delete ${bucket}`,
    remove: `remove ${bucket}`,
  };

  async function put(name: string, key: string, value: Uint8Array, fields: HeaderFields = {}): Promise<number> {
    const subject = subjectOf(prefix, key);
    return (await write(bus, name, () => storeMessage(bus, subject, value, toHeaders(fields)))).seq;
  }

  // Not a direct get: it may be answered by a replica that lags behind, which makes compare-and-set writes fail.
  async function readLast(key: string): Promise<StreamMessage | undefined> {
    return await readLastMessage(bus, stream, subjectOf(prefix, key));
  }

  async function create(key: string, value: Uint8Array): Promise<number> {
    try {
      return await put(names.create, key, value, { [expectedRevision]: "0" });
    } catch (error) {
      // A deleted key leaves a mark, which has a revision.
      const mark = isWrongRevision(error) ? await readLast(key) : undefined;
      if (mark === undefined || !isMark(mark)) throw error;
      return put(names.create, key, value, { [expectedRevision]: `${mark.seq}` });
    }
  }

  function deleteKey(key: string, fields: HeaderFields = {}): Promise<number> {
    return put(names.delete, key, new Uint8Array(0), { ...fields, [operation]: "DEL" });
  }

  return {
    async get(key) {
      const found = await translate(readLast(key));
      if (found === undefined || isMark(found)) return undefined;
      const value = parseMessage(codec, found.data, `${bucket}/${key}`);
      return { key, value, revision: found.seq, writtenUnixMs: found.storedUnixMs };
    },
    create: (key, value) => orLost(create(key, encode(value))),
    update: (key, value, revision) =>
      orLost(put(names.update, key, encode(value), { [expectedRevision]: `${revision}` })),
    put: (key, value) => translate(put(names.put, key, encode(value))),
    async delete(key) {
      await translate(deleteKey(key));
    },
    deleteAt: async (key, revision) =>
      (await orLost(deleteKey(key, { [expectedRevision]: `${revision}` }))) !== undefined,
    async remove(key, revision) {
      // `seq` is the first sequence that stays.
      const upTo = revision === undefined ? {} : { seq: revision + 1 };
      const purge = () => bus.jsm.streams.purge(stream, { filter: subjectOf(prefix, key), ...upTo });
      return (await translate(write(bus, names.remove, purge))).purged > 0;
    },
    async list(filter) {
      const info = await translate(bus.jsm.streams.info(stream, { subjects_filter: `${prefix}${filter}` }));
      return Object.keys(info.state.subjects ?? {}).map((found) => found.slice(prefix.length));
    },
    hasAny: async (filter) => (await translate(readLastMessage(bus, stream, `${prefix}${filter}`))) !== undefined,
  };
}

type HeaderFields = Readonly<Record<string, string>>;

/** Headers of entries and of conditional writes (NATS ADR-8 and ADR-22). */
const operation = "KV-Operation";
const expectedRevision = "Nats-Expected-Last-Subject-Sequence";

function toHeaders(fields: HeaderFields): MsgHdrs | undefined {
  const names = Object.keys(fields);
  if (names.length === 0) return undefined;
  const carried = headers();
  for (const name of names) carried.set(name, fields[name] as string);
  return carried;
}

/** Returns the subject of a key. A key with other characters could name other subjects. */
function subjectOf(prefix: string, key: string): string {
  if (!/^[-/=\w]+(\.[-/=\w]+)*$/.test(key))
    throw expected("key", "tokens of letters, digits, `-`, `_`, `/` and `=`, separated by dots", key);
  return `${prefix}${key}`;
}

/** Whether a message marks its key as deleted: by a call, or by the broker after the key's time to live (NATS ADR-43). */
function isMark({ headers: text }: StreamMessage): boolean {
  return text !== "" && /^(KV-Operation: *(DEL|PURGE)|Nats-Marker-Reason:)/im.test(text);
}

function isWrongRevision(error: unknown): boolean {
  return error instanceof JetStreamApiError && error.code === JetStreamApiCodes.StreamWrongLastSequence;
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
    if (isWrongRevision(error)) return undefined;
    throw toBrokerError(error);
  }
}
