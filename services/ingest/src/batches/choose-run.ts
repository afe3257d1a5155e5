import type { BatchRun, NextJob } from "./batch-run.ts";

/** How many jobs of batches are open at once. */
export type FeedLimits = {
  /** Of one batch. */
  readonly window: number;
  /** Of all batches of one tenant. */
  readonly perTenant: number;
  /** Of all batches. */
  readonly all: number;
};

/**
 * Takes the next job of the batch with the fewest open jobs among those below the limits, so that batches proceed side by side; among equals of the
 * tenant with the fewest. Returns undefined if no batch has a job to create.
 */
export function chooseRun(
  runs: readonly BatchRun[],
  { window, perTenant, all }: FeedLimits,
): { readonly run: BatchRun; readonly next: NextJob } | undefined {
  const ofTenant = new Map<string, number>();
  let total = 0;
  for (const { spec, open } of runs) {
    total += open.size;
    ofTenant.set(spec.tenant, (ofTenant.get(spec.tenant) ?? 0) + open.size);
  }
  if (total >= all) return undefined;
  const tenantOpen = (run: BatchRun) => ofTenant.get(run.spec.tenant) ?? 0;
  const below = runs.filter((run) => run.open.size < window && tenantOpen(run) < perTenant);
  below.sort((a, b) => a.open.size - b.open.size || tenantOpen(a) - tenantOpen(b));
  for (const run of below) {
    const next = run.takeNext();
    if (next) return { run, next };
  }
  return undefined;
}
