import { AppError } from "@pixelmesh/errors";
import type { OpenJobs } from "./open-jobs.ts";

/** The door: how many jobs may be open at once. */
export type Admission = {
  /** Throws TOO_MANY_JOBS, with when to try again, while the mesh or the tenant has as many open jobs as it may. */
  assertRoom(tenant: string): Promise<void>;
  /** Counts a job that this replica has let in, until the next count sees it. */
  noteEntered(tenant: string): void;
};

/** Most open jobs, in the mesh and of one tenant. */
export type AdmissionLimits = { readonly maxOpenJobs: number; readonly maxOpenJobsPerTenant: number };

const countEveryMs = 500;
const retryAfterMs = 2_000;

/**
 * Counts the bucket `open` when asked, at most twice a second, and in between what this replica lets in itself. Replicas that
 * fill the last places at the same moment may pass the bound by what they let in within half a second.
 */
export function createAdmission(open: OpenJobs, limits: AdmissionLimits): Admission {
  let byTenant = new Map<string, number>();
  let all = 0;
  let countedMs = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;

  async function recount(): Promise<void> {
    const jobs = await open.list();
    byTenant = new Map();
    all = 0;
    for (const { tenant } of jobs) noteEntered(tenant);
    countedMs = performance.now();
  }

  function noteEntered(tenant: string): void {
    all += 1;
    byTenant.set(tenant, (byTenant.get(tenant) ?? 0) + 1);
  }

  return {
    async assertRoom(tenant) {
      if (performance.now() - countedMs > countEveryMs) {
        counting ??= recount().finally(() => {
          counting = undefined;
        });
        await counting;
      }
      const mine = byTenant.get(tenant) ?? 0;
      if (mine >= limits.maxOpenJobsPerTenant)
        throw new AppError("TOO_MANY_JOBS", `The tenant has ${mine} open jobs, as many as it may`, { retryAfterMs });
      if (all >= limits.maxOpenJobs)
        throw new AppError("TOO_MANY_JOBS", "The mesh has as many open jobs as it may", { retryAfterMs });
    },
    noteEntered,
  };
}
