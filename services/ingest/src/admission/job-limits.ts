import { AppError } from "@pixelmesh/errors";
import type { OpenJobs } from "../stores/open-jobs.ts";

/** Bounds how many jobs may be open at once. */
export type Admission = {
  /**
   * Takes a place for a job on its way in: a call that has one is not refused later for want of room. Throws TOO_MANY_JOBS, with
   * when to try again, while the mesh or the tenant has as many jobs, open or on their way in, as it may.
   */
  enter(tenant: string): Promise<Place>;
  /** Open jobs of a tenant, as far as this replica knows without asking. */
  openOf(tenant: string): number;
};

/** A job's place. The first of the two counts. */
export type Place = {
  /** The job is open now: it counts until the next count of open jobs sees it. */
  keep(): void;
  /** There is no job. */
  giveBack(): void;
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
export function createAdmission(openJobs: OpenJobs, limits: AdmissionLimits): Admission {
  /** Open jobs at the last count, and those that became open since. */
  let open = createTally();
  const entering = createTally();
  let countedMs = Number.NEGATIVE_INFINITY;
  let counting: Promise<void> | undefined;
  let enteredMeanwhile: string[] = [];

  async function recount(): Promise<void> {
    const startMs = performance.now();
    enteredMeanwhile = [];
    const jobs = await openJobs.list();
    open = createTally();
    for (const { tenant } of jobs) open.add(tenant, 1);
    // The list may or may not have these: counted twice for half a second at most.
    for (const tenant of enteredMeanwhile) open.add(tenant, 1);
    countedMs = startMs;
  }

  function refresh(): Promise<void> {
    counting ??= recount().finally(() => {
      counting = undefined;
    });
    return counting;
  }

  return {
    async enter(tenant) {
      const ageMs = performance.now() - countedMs;
      if (ageMs > trustMs) await refresh();
      // A failure shows when a count is waited for.
      else if (ageMs > countEveryMs) refresh().catch(() => {});
      const mine = open.of(tenant) + entering.of(tenant);
      if (mine >= limits.maxOpenJobsPerTenant)
        throw new AppError("TOO_MANY_JOBS", `The tenant has ${mine} open jobs, as many as it may`, { retryAfterMs });
      if (open.all() + entering.all() >= limits.maxOpenJobs)
        throw new AppError("TOO_MANY_JOBS", "The mesh has as many open jobs as it may", { retryAfterMs });
      entering.add(tenant, 1);
      let isEntering = true;
      const end = () => {
        const was = isEntering;
        if (was) entering.add(tenant, -1);
        isEntering = false;
        return was;
      };
      return {
        keep() {
          if (!end()) return;
          open.add(tenant, 1);
          if (counting) enteredMeanwhile.push(tenant);
        },
        giveBack: end,
      };
    },
    openOf: (tenant) => open.of(tenant),
  };
}

/** Counts by tenant, and of all. */
function createTally() {
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
