/** The tenant and priority of a queued task. */
export type TaskOwner = { readonly tenant: string; readonly isInteractive: boolean };

/** Runs a limited number of tasks at once and chooses the next one fairly among tenants. */
export type FairQueue = {
  /** Runs `task` when its turn comes. Rejects with the signal's reason if that aborts before. */
  run<T>(owner: TaskOwner, signal: AbortSignal, task: () => Promise<T>): Promise<T>;
  readonly running: number;
  readonly waiting: number;
};

type Entry = TaskOwner & { readonly start: () => void };

/**
 * Creates a queue that runs at most `concurrency` tasks at once. Interactive tasks go first; among equals the tenant with the fewest
 * running tasks, so that a flood of one tenant delays another by at most one task; within a tenant the oldest task. The length of the
 * queue is not bounded here: callers bound it.
 */
export function createFairQueue(concurrency: number): FairQueue {
  const runningOf = new Map<string, number>();
  const waiting: Entry[] = [];
  let running = 0;

  function countStart(tenant: string): void {
    running += 1;
    runningOf.set(tenant, (runningOf.get(tenant) ?? 0) + 1);
  }

  function endTask(tenant: string): void {
    running -= 1;
    const left = (runningOf.get(tenant) ?? 1) - 1;
    if (left === 0) runningOf.delete(tenant);
    else runningOf.set(tenant, left);
    const next = chooseNext();
    if (next < 0) return;
    const [entry] = waiting.splice(next, 1) as [Entry];
    countStart(entry.tenant);
    entry.start();
  }

  /** Returns the index of the next entry; -1 if none waits. */
  function chooseNext(): number {
    const rank = ({ tenant, isInteractive }: Entry) =>
      (isInteractive ? 0 : concurrency + 1) + (runningOf.get(tenant) ?? 0);
    let best = -1;
    for (const [index, entry] of waiting.entries())
      if (best < 0 || rank(entry) < rank(waiting[best] as Entry)) best = index;
    return best;
  }

  async function waitForTurn(owner: TaskOwner, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (running < concurrency) return countStart(owner.tenant);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry = { ...owner, start: resolve };
    const leave = () => {
      const at = waiting.indexOf(entry);
      // The task may have been started in the same moment. It then finds the aborted signal itself.
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
      await waitForTurn({ tenant, isInteractive }, signal);
      try {
        return await task();
      } finally {
        endTask(tenant);
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
