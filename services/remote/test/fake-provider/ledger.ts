import type { Counts } from "./behaviour.ts";

/** Counts of models, classes and all. */
export type Ledger = {
  readonly total: Counts;
  readonly byModel: Map<string, Counts>;
  readonly byClass: Map<string, Counts>;
  /** Changes the counts of a model, of its class and of all. */
  count(model: string, change: (counts: Counts) => void): void;
  reset(): void;
};

/** Creates empty counts. */
export function createLedger(classes: Readonly<Record<string, string>>): Ledger {
  const total = noCounts();
  const byModel = new Map<string, Counts>();
  const byClass = new Map<string, Counts>();
  return {
    total,
    byModel,
    byClass,
    count(model, change) {
      change(total);
      change(entryOf(byModel, model));
      const className = classes[model];
      if (className !== undefined) change(entryOf(byClass, className));
    },
    reset() {
      for (const counts of [total, ...byModel.values(), ...byClass.values()])
        Object.assign(counts, { ...noCounts(), open: counts.open, mostOpen: counts.open });
    },
  };
}

function noCounts(): Counts {
  return { calls: 0, created: 0, open: 0, mostOpen: 0, succeeded: 0, failed: 0, cancelled: 0, charged: 0 };
}

function entryOf(map: Map<string, Counts>, key: string): Counts {
  const found = map.get(key);
  if (found) return found;
  const made = noCounts();
  map.set(key, made);
  return made;
}
