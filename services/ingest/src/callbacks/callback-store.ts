import { type Bus, followKeys, type KeyFeed, type KeyFeedOptions, openStore } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { CallbackEntry } from "@pixelmesh/proto";
import { isJobId } from "../domain/job-id.ts";

/** A callback as it is stored. */
export type StoredCallback = { readonly entry: CallbackEntry; readonly revision: number };

/** A callback by its job and tenant. */
export type CallbackKey = { readonly jobId: string; readonly tenant: string };

/** The callbacks of ended jobs, in the bucket `callbacks`. Entries change by compare-and-set only. */
export type CallbackStore = {
  /** Does nothing if the job has an entry already. */
  create(entry: CallbackEntry): Promise<void>;
  find(key: CallbackKey): Promise<StoredCallback | undefined>;
  /** Throws CALLBACK_NOT_FOUND, also for another tenant's job. */
  get(key: CallbackKey): Promise<StoredCallback>;
  /** Returns the new revision, or undefined if another writer was first. */
  update(entry: CallbackEntry, revision: number): Promise<number | undefined>;
  /** Returns the ids of a tenant's jobs that have an entry, newest first. */
  list(tenant: string): Promise<string[]>;
  /** Removes an entry unless it has changed since `revision`. Returns whether it was removed. */
  remove(key: CallbackKey, revision: number): Promise<boolean>;
  /** Delivers every entry, then each new one as it is stored. */
  follow(handlers: Pick<KeyFeedOptions, "onEntry" | "onCaughtUp">): KeyFeed;
};

/** Opens the bucket. */
export async function openCallbackStore(bus: Bus): Promise<CallbackStore> {
  const store = await openStore(bus, "callbacks", CallbackEntry);

  async function find(key: CallbackKey): Promise<StoredCallback | undefined> {
    if (!isJobId(key.jobId)) return undefined;
    const found = await store.get(keyOf(key));
    return found && { entry: found.value, revision: found.revision };
  }

  return {
    find,
    async create(entry) {
      await store.create(keyOf(entry), entry);
    },
    async get(key) {
      const found = await find(key);
      if (!found) throw new AppError("CALLBACK_NOT_FOUND", "There is no ended job with this id that has a callback");
      return found;
    },
    update: (entry, revision) => store.update(keyOf(entry), entry, revision),
    async list(tenant) {
      const keys = await store.list(`${tenant}.*`);
      return keys
        .map((key) => toCallbackKey(key).jobId)
        .sort()
        .reverse();
    },
    remove: (key, revision) => store.remove(keyOf(key), revision),
    follow: (handlers) => followKeys(bus, { bucket: "callbacks", filter: ">", ...handlers }),
  };
}

const keyOf = ({ tenant, jobId }: CallbackKey) => `${tenant}.${jobId}`;

/** Returns the callback that a key `<tenant>.<job>` names. */
export function toCallbackKey(key: string): CallbackKey {
  const [tenant = "", jobId = ""] = key.split(".");
  return { tenant, jobId };
}
