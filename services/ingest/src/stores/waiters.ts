import { type Bus, openStore } from "@pixelmesh/bus";
import { WaitEntry } from "@pixelmesh/proto";

/** A step that waits for a result that another step computes. */
export type Waiter = { readonly jobId: string; readonly stepId: string };

/** The bucket `waits`. Each waiter has its own key, so concurrent waiters never conflict. `key` is a result key. */
export type Waiters = {
  register(key: string, waiter: Waiter): Promise<void>;
  list(key: string): Promise<Waiter[]>;
  remove(key: string, waiter: Waiter): Promise<void>;
};

/** Opens the bucket. Keys are `<result key>.<job>.<step>`; neither ids nor result keys contain a dot. */
export async function openWaiters(bus: Bus): Promise<Waiters> {
  const store = await openStore(bus, "waits", WaitEntry);
  const keyOf = (key: string, { jobId, stepId }: Waiter) => `${key}.${jobId}.${stepId}`;
  return {
    async register(key, { jobId, stepId }) {
      await store.put(keyOf(key, { jobId, stepId }), { jobId, stepId });
    },
    async list(key) {
      const filter = `${key}.*.*`;
      // Nearly all results have no waiter.
      if (!(await store.hasAny(filter))) return [];
      const found = await store.list(filter);
      return found.map((text) => {
        const [, jobId = "", stepId = ""] = text.split(".");
        return { jobId, stepId };
      });
    },
    async remove(key, waiter) {
      await store.remove(keyOf(key, waiter));
    },
  };
}
