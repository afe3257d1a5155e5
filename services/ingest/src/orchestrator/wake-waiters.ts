import { isStepEnded } from "@pixelmesh/pipeline";
import type { StoredJob } from "../stores/job-store.ts";
import type { Waiters } from "../stores/waiters.ts";

const concurrency = 16;

/**
 * Rechecks every job with a step that waits for a result key, and removes the waiters that no longer wait. `recheck` dispatches a
 * job's READY steps again; it returns undefined if the job is gone.
 */
export async function wakeWaiters(
  waiters: Pick<Waiters, "list" | "remove">,
  key: string,
  recheck: (jobId: string) => Promise<StoredJob | undefined>,
): Promise<void> {
  const found = await waiters.list(key);
  const remaining = found[Symbol.iterator]();
  const tasks = Array.from({ length: Math.min(concurrency, found.length) }, async () => {
    for (const waiter of remaining) {
      const job = await recheck(waiter.jobId);
      const step = job?.record.steps.find(({ id }) => id === waiter.stepId);
      if (!job || !step || isStepEnded(step.state)) await waiters.remove(key, waiter);
    }
  });
  await Promise.all(tasks);
}
