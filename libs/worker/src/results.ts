import { type Bus, openStore } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { mergeResults } from "@pixelmesh/pipeline";
import { ResultEntry, type StepResult } from "@pixelmesh/proto";

/** Stored results of steps, by their key. */
export type Results = {
  find(key: string): Promise<StepResult | undefined>;
  /** Adds a result to what is stored under the key. */
  store(key: string, result: StepResult, nowUnixMs: number): Promise<void>;
};

const maxRounds = 20;

/** The bucket `results`. */
export async function createResults(bus: Bus): Promise<Results> {
  const store = await openStore(bus, "results", ResultEntry);
  return {
    async find(key) {
      const entry = await store.get(key);
      return entry?.value.state?.$case === "done" ? entry.value.state.value : undefined;
    },
    async store(key, result, atUnixMs) {
      for (let round = 0; round < maxRounds; round++) {
        const found = await store.get(key);
        const older = found?.value.state?.$case === "done" ? found.value.state.value : undefined;
        const value: ResultEntry = { state: { $case: "done", value: mergeResults(older, result) }, atUnixMs };
        const written = found ? await store.update(key, value, found.revision) : await store.create(key, value);
        if (written !== undefined) return;
      }
      throw new AppError("BROKER_UNAVAILABLE", "The stored result kept changing while it was written");
    },
  };
}
