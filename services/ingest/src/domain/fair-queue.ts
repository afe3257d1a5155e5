/** Who waits: a tenant's work of either priority. */
export type Waiter = { readonly tenant: string; readonly isInteractive: boolean };

/** Runs at most so many tasks at once; the next one is chosen fairly among tenants. */
export type FairQueue = {
  /** Runs `task` when its turn has come. Rejects with the signal's reason when that is aborted before. */
  run<T>(waiter: Waiter, signal: AbortSignal, task: () => Promise<T>): Promise<T>;
  readonly running: number;
  readonly waiting: number;
};

type Entry = Waiter & { readonly start: () => void };

/**
 * A queue in front of `concurrency` places. Interactive work goes first; among equals the tenant with the fewest running tasks, so
 * that a flood of one tenant delays another by one task at most; within a tenant first come, first served. It does not bound how
 * many wait: its callers do.
 */
export function createFairQueue(concurrency: number): FairQueue {
  const runningOf = new Map<string, number>();
  const waiting: Entry[] = [];
  let running = 0;

  function takePlace(tenant: string): void {
    running += 1;
    runningOf.set(tenant, (runningOf.get(tenant) ?? 0) + 1);
  }

  function leavePlace(tenant: string): void {
    running -= 1;
    const left = (runningOf.get(tenant) ?? 1) - 1;
    if (left === 0) runningOf.delete(tenant);
    else runningOf.set(tenant, left);
    const next = choose();
    if (next < 0) return;
    const [entry] = waiting.splice(next, 1) as [Entry];
    takePlace(entry.tenant);
    entry.start();
  }

  /** The index of the one whose turn it is; -1 where nobody waits. */
  function choose(): number {
    const rank = ({ tenant, isInteractive }: Entry) =>
      (isInteractive ? 0 : concurrency + 1) + (runningOf.get(tenant) ?? 0);
    let best = -1;
    for (const [index, entry] of waiting.entries())
      if (best < 0 || rank(entry) < rank(waiting[best] as Entry)) best = index;
    return best;
  }

  async function enter(waiter: Waiter, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (running < concurrency) return takePlace(waiter.tenant);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry = { ...waiter, start: resolve };
    const leave = () => {
      const at = waiting.indexOf(entry);
      // Its turn may have come in the same moment: then it runs and finds the signal aborted itself.
      if (at < 0) return;
      waiting.splice(at, 1);
      reject(signal.reason);
    };
    waiting.push(entry);
    signal.addEventListener("abort", leave, { once: true });
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", leave);
    }
  }

  return {
    async run({ tenant, isInteractive }, signal, task) {
      await enter({ tenant, isInteractive }, signal);
      try {
        return await task();
      } finally {
        leavePlace(tenant);
      }
    },
    get running() {
      return running;
    },
    get waiting() {
      return waiting.length;
    },
  };
}
