import type { PredictionEntry } from "@pixelmesh/proto";
import type { PredictionKey, PredictionStore, StoredPrediction } from "../../src/predictions/prediction-store.ts";

const toKey = ({ tenant, jobId, stepId }: PredictionKey) => `${tenant}.${jobId}.${stepId}`;

/** A store of predictions in memory, with the compare-and-set of the real one. */
export function createMemoryPredictions(given: readonly StoredPrediction[] = []) {
  const all = new Map(given.map((one) => [toKey(one.key), one]));
  let revisions = given.length;
  const isCurrent = ({ key, revision }: StoredPrediction) => all.get(toKey(key))?.revision === revision;
  function write(key: PredictionKey, entry: PredictionEntry): StoredPrediction {
    revisions += 1;
    const stored = { key, entry, revision: revisions };
    all.set(toKey(key), stored);
    return stored;
  }
  const store: PredictionStore = {
    find: async (key) => all.get(toKey(key)),
    create: async (key, entry) => (all.has(toKey(key)) ? undefined : write(key, entry)),
    update: async (stored, change) =>
      isCurrent(stored) ? write(stored.key, { ...stored.entry, ...change }) : undefined,
    remove: async (stored) => isCurrent(stored) && all.delete(toKey(stored.key)),
    list: async () => [...all.values()].map(({ key }) => key),
  };
  return { ...store, keys: () => [...all.keys()], entries: () => [...all.values()].map(({ entry }) => entry) };
}
