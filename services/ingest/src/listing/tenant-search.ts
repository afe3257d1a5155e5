import type { Logger } from "@pixelmesh/telemetry";

/** At most so many searches for one table: the broker scans all keys of the bucket for each. */
const maxSearches = 100;

/**
 * Creates a search for the tenants of unreadable records: one search at a time, at most 100 in all. The result calls `onFound` with
 * the tenant; it does nothing if there is none.
 */
export function createTenantSearch(
  findTenant: (jobId: string) => Promise<string | undefined>,
  log: Logger,
): (jobId: string, onFound: (tenant: string) => void) => void {
  let started = 0;
  let last = Promise.resolve();
  return (jobId, onFound) => {
    if (started >= maxSearches) return;
    started += 1;
    last = last
      .then(async () => {
        const tenant = await findTenant(jobId);
        if (tenant !== undefined) onFound(tenant);
      })
      .catch((error: unknown) => log.debug({ err: error, jobId }, "tenant of an unreadable record not found"));
  };
}
