import type { MeshProcess } from "@pixelmesh/local-mesh";

/** Limit of the event-loop lag of every process, in milliseconds. */
export const maxLagMs = 100;

/**
 * Returns the maximum event-loop lag of each process since the last call, in milliseconds, from its metrics page. The process samples
 * its loop every 50 ms.
 */
export async function readLoopLags(processes: readonly MeshProcess[]): Promise<Record<string, number>> {
  const lags = await Promise.all(
    processes.map(async ({ name, metrics }) => {
      const page = await (await fetch(metrics)).text();
      const seconds = Number(page.match(/^nodejs_eventloop_lag_max_seconds (\S+)/m)?.[1]);
      if (!Number.isFinite(seconds)) throw new Error(`The metrics page of ${name} has no event-loop lag`);
      return [name, Math.round(seconds * 1_000)] as const;
    }),
  );
  return Object.fromEntries(lags);
}

/** Returns the largest lag. */
export function worstOf(lags: Readonly<Record<string, number>>): number {
  return Math.max(...Object.values(lags));
}
