import { setTimeout as sleep } from "node:timers/promises";
import type { Child } from "./child.ts";
import { restartDelayMs } from "./restart-delay.ts";

/** A process that is restarted when it ends. */
export type Supervised<C extends Child> = {
  /** The process that runs now, or the one that ended last. */
  current(): C;
  /** Sends SIGTERM now and SIGKILL after `graceMs`. The successor starts without backoff, for the reason `why`. */
  restart(why: string, graceMs: number): void;
  /** Ends the supervision: SIGTERM now, and SIGKILL at `untilMs` (of performance.now) if it still runs. */
  stop(untilMs: number): Promise<void>;
  /** Ends the supervision and sends SIGKILL at once. */
  stopNow(): void;
};

/** Why a process was restarted, and the number of starts in a row: 2 after the first crash, 1 after a requested restart. */
export type Restart = { readonly why: string; readonly attempt: number };

const stableAfterMs = 60_000;

/**
 * Supervises `child`. `start` starts its successor and rejects when its signal is aborted. A process that runs for a minute resets the
 * backoff.
 */
export function supervise<C extends Child>(
  child: C,
  start: (previous: C, stopping: AbortSignal) => Promise<C>,
  onRestart: (restart: Restart) => void,
): Supervised<C> {
  const stopping = new AbortController();
  /** Aborted, with why, by a requested restart. */
  let request = new AbortController();
  let current = child;

  async function watch(): Promise<void> {
    let restarts = 0;
    while (!stopping.signal.aborted) {
      const sinceMs = performance.now();
      let why = await current.exited;
      if (performance.now() - sinceMs > stableAfterMs) restarts = 0;
      for (let isUp = false; !isUp; ) {
        restarts += 1;
        const requested = await waitBefore(restarts);
        if (requested !== undefined) {
          restarts = 0;
          why = requested;
        }
        try {
          current = await start(current, stopping.signal);
          isUp = true;
        } catch (error) {
          why = error instanceof Error ? error.message : String(error);
        }
      }
      notify({ why, attempt: restarts + 1 });
      // A restart that was requested during the start.
      if (request.signal.aborted) current.kill("SIGTERM");
    }
  }

  /** Waits the backoff, or until a restart is requested; then returns why. Throws when the supervision ends. */
  async function waitBefore(restart: number): Promise<string | undefined> {
    const signal = AbortSignal.any([stopping.signal, request.signal]);
    await sleep(restartDelayMs(restart), undefined, { signal }).catch(() => {});
    stopping.signal.throwIfAborted();
    if (!request.signal.aborted) return undefined;
    const why = String(request.signal.reason);
    request = new AbortController();
    return why;
  }

  /** A listener that fails must not end the supervision. */
  function notify(restart: Restart): void {
    try {
      onRestart(restart);
    } catch {
      // The restart itself succeeded.
    }
  }

  // The loop ends only by an abort of `stopping`.
  const watched = watch().catch(() => {});

  return {
    current: () => current,
    restart(why, graceMs) {
      if (stopping.signal.aborted) return;
      request.abort(why);
      const ending = current;
      ending.kill("SIGTERM");
      const killer = setTimeout(() => ending.kill("SIGKILL"), graceMs);
      void ending.exited.then(() => clearTimeout(killer));
    },
    async stop(untilMs) {
      stopping.abort();
      current.kill("SIGTERM");
      const killer = setTimeout(() => current.kill("SIGKILL"), Math.max(0, untilMs - performance.now()));
      await watched;
      // A successor may have started in the meantime.
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
