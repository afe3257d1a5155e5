import { type Bus, openStore } from "@pixelmesh/bus";
import { PredictionEntry } from "@pixelmesh/proto";

/** The step that a prediction is made for. */
export type PredictionKey = { readonly tenant: string; readonly jobId: string; readonly stepId: string };

/** A prediction as it is stored. */
export type StoredPrediction = {
  readonly key: PredictionKey;
  readonly entry: PredictionEntry;
  readonly revision: number;
};

/** The calls of hosted models under way, in the bucket `predictions`. Entries change by compare-and-set only. */
export type PredictionStore = {
  find(key: PredictionKey): Promise<StoredPrediction | undefined>;
  /** Returns undefined if the step has an entry already. */
  create(key: PredictionKey, entry: PredictionEntry): Promise<StoredPrediction | undefined>;
  /** Returns undefined if another writer was first. */
  update(stored: StoredPrediction, change: Partial<PredictionEntry>): Promise<StoredPrediction | undefined>;
  /** Removes an entry unless it has changed. Returns whether this call removed it. */
  remove(stored: StoredPrediction): Promise<boolean>;
  list(): Promise<PredictionKey[]>;
};

/** Opens the bucket. */
export async function openPredictionStore(bus: Bus): Promise<PredictionStore> {
  const store = await openStore(bus, "predictions", PredictionEntry);
  return {
    async find(key) {
      const found = await store.get(keyOf(key));
      return found && { key, entry: found.value, revision: found.revision };
    },
    async create(key, entry) {
      const revision = await store.create(keyOf(key), entry);
      return revision === undefined ? undefined : { key, entry, revision };
    },
    async update({ key, entry, revision: before }, change) {
      const changed = { ...entry, ...change };
      const revision = await store.update(keyOf(key), changed, before);
      return revision === undefined ? undefined : { key, entry: changed, revision };
    },
    remove: ({ key, revision }) => store.remove(keyOf(key), revision),
    async list() {
      const keys = await store.list("*.*.*");
      return keys.map(toPredictionKey);
    },
  };
}

const keyOf = ({ tenant, jobId, stepId }: PredictionKey) => `${tenant}.${jobId}.${stepId}`;

/** Returns the step that a key `<tenant>.<job>.<step>` names. */
export function toPredictionKey(key: string): PredictionKey {
  const [tenant = "", jobId = "", stepId = ""] = key.split(".");
  return { tenant, jobId, stepId };
}
