import { setTimeout as sleep } from "node:timers/promises";
import { restartDelayMs } from "./backoff.ts";
import type { Child } from "./child.ts";

/** A process that is started again when it ends by itself. */
export type Supervised<C extends Child> = {
  /** The process as it runs now, or the one that ended last. */
  current(): C;
  /** No restarts from now on; SIGTERM, and SIGKILL to what still runs at `untilMs` (of performance.now). */
  stop(untilMs: number): Promise<void>;
  /** No restarts from now on, and SIGKILL at once. */
  stopNow(): void;
};

/** What is told of a restart: why it was needed, and how often the process has been started in a row (2 is the first restart). */
export type Restart = { readonly why: string; readonly attempt: number };

const stableAfterMs = 60_000;

/** Watches over `child`; `start` makes its successor, until its signal is aborted. A minute without an end makes the back-off begin anew. */
export function supervise<C extends Child>(
  child: C,
  start: (previous: C, stopping: AbortSignal) => Promise<C>,
  onRestart: (restart: Restart) => void,
): Supervised<C> {
  const stopping = new AbortController();
  let current = child;
  const watching = watch();

  async function watch(): Promise<void> {
    let restarts = 0;
    while (!stopping.signal.aborted) {
      const sinceMs = performance.now();
      let why = await current.exited;
      if (performance.now() - sinceMs > stableAfterMs) restarts = 0;
      for (let isUp = false; !isUp; ) {
        restarts += 1;
        await sleep(restartDelayMs(restarts), undefined, { signal: stopping.signal });
        try {
          current = await start(current, stopping.signal);
          isUp = true;
        } catch (error) {
          why = error instanceof Error ? error.message : String(error);
        }
      }
      tell({ why, attempt: restarts + 1 });
    }
  }
  /** A listener that fails must not end the supervision. */
  function tell(restart: Restart): void {
    try {
      onRestart(restart);
    } catch {
      // The restart itself succeeded; the listener has its own way to report.
    }
  }
  // The one thing that ends the loop is stopping.
  const watched = watching.catch(() => {});

  return {
    current: () => current,
    async stop(untilMs) {
      stopping.abort();
      current.kill("SIGTERM");
      const killer = setTimeout(() => current.kill("SIGKILL"), Math.max(0, untilMs - performance.now()));
      await watched;
      // A successor may just have been started.
      current.kill("SIGTERM");
      await current.exited;
      clearTimeout(killer);
    },
    stopNow() {
      stopping.abort();
      current.kill("SIGKILL");
    },
  };
}
