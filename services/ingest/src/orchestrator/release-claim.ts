import type { Bus } from "@pixelmesh/bus";
import { claimEntry, isClaimedBy } from "@pixelmesh/pipeline";
import type { JobSpec, StepRecord } from "@pixelmesh/proto";
import { ignoreFullCache, type ResultCache } from "@pixelmesh/worker";
import type { JobStore } from "../stores/job-store.ts";
import type { Waiters } from "../stores/waiters.ts";
import { hasStarted, isHolderOpen } from "./claim-liveness.ts";
import type { KnownStarts } from "./known-starts.ts";

/**
 * Releases the claim of a step whose job has ended, or hands it over to a waiter. Resolves to whether the step's run goes on for a
 * waiter. `wasRunning`: the record says that the step runs.
 */
export type ReleaseClaim = (spec: JobSpec, step: StepRecord, wasRunning: boolean) => Promise<boolean>;

/** Dependencies of `createReleaseClaim`. */
export type ReleaseClaimParts = {
  readonly bus: Bus;
  readonly store: Pick<JobStore, "find">;
  readonly results: Pick<ResultCache, "read" | "write" | "releaseClaim">;
  readonly waiters: Pick<Waiters, "list" | "remove">;
  readonly starts: Pick<KnownStarts, "has">;
};

/** At most so many waiters are tried as the new holder. */
const maxCandidates = 20;

/**
 * Creates a `ReleaseClaim`. The first waiter whose job is open gets the claim; a run in progress goes on for it. Calls
 * `countMiss` when a claim passes to a waiter that must run itself.
 */
export function createReleaseClaim(
  { bus, store, results, waiters, starts }: ReleaseClaimParts,
  countMiss: () => void,
): ReleaseClaim {
  return async (spec, step, wasRunning) => {
    const { jobId, priority } = spec;
    const { resultKey: key, id: stepId, attempt } = step;
    const entry = await results.read(key);
    if (!entry || !isClaimedBy(entry.value, { jobId, stepId })) {
      await waiters.remove(key, { jobId, stepId });
      return false;
    }
    // A run that was handed over to this step before.
    const carrier = entry.value.state?.$case === "claimed" ? entry.value.state.value.carrier : undefined;
    for (const candidate of (await waiters.list(key)).slice(0, maxCandidates)) {
      if (!(await isHolderOpen(store, { ...candidate, carrier: undefined }, key))) continue;
      const isOwnRun = carrier === undefined && (wasRunning || (await hasStarted(bus, starts, spec, step)));
      const run = isOwnRun ? { jobId, stepId, attempt, priority } : carrier;
      const claim = claimEntry(candidate, entry.value.known, Date.now(), run);
      const isHandedOver = (await ignoreFullCache(bus, "claim", results.write(key, claim, entry))) === true;
      // The candidate finds the claim made, so its own recheck counts nothing.
      if (isHandedOver && run === undefined) countMiss();
      return isHandedOver && isOwnRun;
    }
    await results.releaseClaim(key, { jobId, stepId });
    return false;
  };
}
