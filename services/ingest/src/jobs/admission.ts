import { AppError } from "@pixelmesh/errors";
import type { OpenJobs } from "./open-jobs.ts";

/** Bounds how many jobs may be open at once. */
export type Admission = {
  /** Throws TOO_MANY_JOBS, with when to try again, while the mesh or the tenant has as many open jobs as it may. */
  assertRoom(tenant: string): Promise<void>;
  /** Open jobs of a tenant, as far as this replica knows without asking. */
  openOf(tenant: string): number;
  /** Counts a job that this replica has let in, until the next count sees it. */
  noteEntered(tenant: string): void;
};

/** Most open jobs, in the mesh and of one tenant. */
export type AdmissionLimits = { readonly maxOpenJobs: number; readonly maxOpenJobsPerTenant: number };

const countEveryMs = 500;
/** A count is waited for only when the last one is older; until then calls are answered from it. */
const trustMs = 5_000;
const retryAfterMs = 2_000;

/**
 * Counts the bucket `open` when asked, at most twice a second, and in between adds what this replica lets in itself. A call waits
 * for a count only when the last one is older than 5 s. Replicas that fill the last places at the same moment may pass the bound by
 * what they let in within half a second.
 */
export function createAdmission(open: OpenJobs, limits: AdmissionLimits): Admission {
  let byTenant = new Map<string, number>();
  let all = 0;
  let countedMs = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;
  let enteredMeanwhile: string[] = [];

  async function recount(): Promise<void> {
    const startMs = performance.now();
    enteredMeanwhile = [];
    const jobs = await open.list();
    const entered = enteredMeanwhile;
    byTenant = new Map();
    all = 0;
    for (const { tenant } of jobs) add(tenant);
    // The list may or may not have these: counted twice for half a second at most.
    for (const tenant of entered) add(tenant);
    countedMs = startMs;
  }

  function add(tenant: string): void {
    all += 1;
    byTenant.set(tenant, (byTenant.get(tenant) ?? 0) + 1);
  }

  function refresh(): Promise<void> {
    counting ??= recount().finally(() => {
      counting = undefined;
    });
    return counting;
  }

  return {
    async assertRoom(tenant) {
      const ageMs = performance.now() - countedMs;
      if (ageMs > trustMs) await refresh();
      // A failure shows when a count is waited for.
      else if (ageMs > countEveryMs) refresh().catch(() => {});
      const mine = byTenant.get(tenant) ?? 0;
      if (mine >= limits.maxOpenJobsPerTenant)
        throw new AppError("TOO_MANY_JOBS", `The tenant has ${mine} open jobs, as many as it may`, { retryAfterMs });
      if (all >= limits.maxOpenJobs)
        throw new AppError("TOO_MANY_JOBS", "The mesh has as many open jobs as it may", { retryAfterMs });
    },
    openOf: (tenant) => byTenant.get(tenant) ?? 0,
    noteEntered(tenant) {
      add(tenant);
      if (counting) enteredMeanwhile.push(tenant);
    },
  };
}
