import { AppError } from "@pixelmesh/errors";
import type { OpenJobs } from "../stores/open-jobs.ts";

/** Limits how many jobs are open at once. */
export type OpenJobLimiter = {
  /**
   * Reserves capacity for a new job, so that its call cannot be refused later for lack of it. Throws TOO_MANY_JOBS with RetryInfo
   * while the mesh or the tenant has as many open and reserved jobs as it may.
   */
  reserve(tenant: string): Promise<JobReservation>;
  /** Returns the number of a tenant's open jobs at the last count, plus those that this replica has opened since and those it has reserved. */
  openJobsOf(tenant: string): number;
  /** An open job of the tenant has ended, and need not be counted until the next count. Call it once for each job. */
  noteEnd(tenant: string): void;
  /** Returns the number of open jobs of all tenants, without reserved ones. */
  openJobs(): number;
};

/** Capacity reserved for one job. Only the first call of `confirm` or `cancel` has an effect. */
export type JobReservation = {
  /** The job is open. It is counted here until the next count includes it. */
  confirm(): void;
  /** No job was created. */
  cancel(): void;
};

/** The largest number of open jobs, in the mesh and of one tenant. */
export type OpenJobLimits = { readonly maxOpenJobs: number; readonly maxOpenJobsPerTenant: number };

const countEveryMs = 500;
/** A call waits for a new count only if the last one is older. */
const maxCountAgeMs = 5_000;
const retryAfterMs = 2_000;

/**
 * Counts the entries of the bucket `open` at most twice a second, on demand, and adds the jobs that this replica opens in between. A
 * call waits for a count only if the last one is older than 5 s. Several replicas that reach the limit at once may exceed it by the
 * jobs that they accept within half a second.
 */
export function createOpenJobLimiter(openJobs: Pick<OpenJobs, "list">, limits: OpenJobLimits): OpenJobLimiter {
  /** Open jobs of the last count and those opened since. */
  let open = createTenantCounts();
  const reserved = createTenantCounts();
  let countedMs = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;
  let openedWhileCounting: string[] = [];

  async function recount(): Promise<void> {
    const startMs = performance.now();
    openedWhileCounting = [];
    const jobs = await openJobs.list();
    open = createTenantCounts();
    for (const { tenant } of jobs) open.add(tenant, 1);
    // The list may contain these already. They are then counted twice for at most half a second.
    for (const tenant of openedWhileCounting) open.add(tenant, 1);
    countedMs = startMs;
  }

  function refresh(): Promise<void> {
    counting ??= recount().finally(() => {
      counting = undefined;
    });
    return counting;
  }

  function assertBelowLimits(tenant: string): void {
    const own = open.of(tenant) + reserved.of(tenant);
    if (own >= limits.maxOpenJobsPerTenant)
      throw new AppError("TOO_MANY_JOBS", `The tenant has ${own} open jobs, as many as it may`, { retryAfterMs });
    if (open.all() + reserved.all() >= limits.maxOpenJobs)
      throw new AppError("TOO_MANY_JOBS", "The mesh has as many open jobs as it may", { retryAfterMs });
  }

  function createReservation(tenant: string): JobReservation {
    reserved.add(tenant, 1);
    let isReserved = true;
    const end = () => {
      const wasReserved = isReserved;
      if (wasReserved) reserved.add(tenant, -1);
      isReserved = false;
      return wasReserved;
    };
    return {
      confirm() {
        if (!end()) return;
        open.add(tenant, 1);
        if (counting) openedWhileCounting.push(tenant);
      },
      cancel: end,
    };
  }

  return {
    async reserve(tenant) {
      const ageMs = performance.now() - countedMs;
      if (ageMs > maxCountAgeMs) await refresh();
      // A call that waits for a count reports its failure.
      else if (ageMs > countEveryMs) refresh().catch(() => {});
      assertBelowLimits(tenant);
      return createReservation(tenant);
    },
    openJobsOf: (tenant) => open.of(tenant) + reserved.of(tenant),
    noteEnd(tenant) {
      if (open.of(tenant) > 0) open.add(tenant, -1);
    },
    openJobs: () => open.all(),
  };
}

function createTenantCounts() {
  const byTenant = new Map<string, number>();
  let all = 0;
  return {
    all: () => all,
    of: (tenant: string) => byTenant.get(tenant) ?? 0,
    add(tenant: string, change: 1 | -1) {
      all += change;
      const count = (byTenant.get(tenant) ?? 0) + change;
      if (count === 0) byTenant.delete(tenant);
      else byTenant.set(tenant, count);
    },
  };
}
