import type { MeshProcess } from "@pixelmesh/local-mesh";

/** What the event loops of a mesh are held to: no turn delays what waits for longer. */
export const maxLagMs = 100;

/**
 * The worst delay of each service's event loop since this was last asked, in milliseconds, from the service's metrics page,
 * for which the loop is asked every 50 ms.
 */
export async function readLoopLags(processes: readonly MeshProcess[]): Promise<Record<string, number>> {
  const lags = await Promise.all(
    processes.map(async ({ name, metrics }) => {
      const page = await (await fetch(metrics)).text();
      const seconds = Number(page.match(/^nodejs_eventloop_lag_max_seconds (\S+)/m)?.[1]);
      if (!Number.isFinite(seconds)) throw new Error(`The metrics page of ${name} does not tell its event loop's lag`);
      return [name, Math.round(seconds * 1_000)] as const;
    }),
  );
  return Object.fromEntries(lags);
}

/** Durable writes of jobs that each service has made since its start, by its own count: leases and announcements left out. */
export async function readWrites(processes: readonly MeshProcess[]): Promise<Record<string, number>> {
  const counts = processes.map(async ({ name, metrics }) => {
    const page = await (await fetch(metrics)).text();
    const lines = page.matchAll(/^pixelmesh_durable_writes_total\{what="\S+ (\S+)"\} (\d+)$/gm);
    const sum = [...lines].reduce((all, [, what = "", count]) => all + (isOfJobs(what) ? Number(count) : 0), 0);
    return [name, sum] as const;
  });
  return Object.fromEntries(await Promise.all(counts));
}

function isOfJobs(what: string): boolean {
  return !["leases", "services", "cards"].includes(what);
}

/** The greatest of them. */
export function worstOf(lags: Readonly<Record<string, number>>): number {
  return Math.max(...Object.values(lags));
}
