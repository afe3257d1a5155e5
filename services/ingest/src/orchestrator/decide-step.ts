import type { Bus } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { claimEntry, lookUpResult, type ReadyStep, type ResultLookup } from "@pixelmesh/pipeline";
import type { JobError, StepResult, StepRun } from "@pixelmesh/proto";
import { type BlobClient, ignoreFullCache, type ResultCache } from "@pixelmesh/worker";
import { LRUCache } from "lru-cache";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { Waiters } from "../stores/waiters.ts";
import { isHolderOpen, isRunOpen } from "./claim-liveness.ts";
import { mayReuse, type ReusedResult, reuseDegradedResult, reuseResult } from "./reuse-result.ts";

/** What a READY step does now: use a stored result, fail with a stored failure, run, or wait for an equal step. */
export type StepDecision =
  | ({ readonly $case: "use"; readonly coalesced: boolean } & ReusedResult)
  | { readonly $case: "refuse"; readonly error: JobError }
  | { readonly $case: "run" }
  | { readonly $case: "wait" };

/** Decides what a READY step does now. `ended` is a run that has ended although the broker may still hold its work item. */
export type DecideStep = (job: StoredJob, ready: ReadyStep, ended: StepRun | undefined) => Promise<StepDecision>;

/** Dependencies of `createDecideStep`. */
export type DecideStepParts = {
  readonly bus: Bus;
  readonly store: Pick<JobStore, "find">;
  readonly results: Pick<ResultCache, "read" | "write">;
  readonly waiters: Pick<Waiters, "register" | "remove">;
  readonly blobs: BlobClient;
};

/** A decision with the time at which its answer was stored; 0 if it uses no stored answer. */
type TimedDecision = { readonly decision: StepDecision; readonly storedUnixMs: number };

/** How a request to the result cache ended, as a metric label. */
type RequestOutcome = "hit" | "miss" | "coalesced";

/** Receives what is counted of requests to the result cache. */
export type DecisionCounts = {
  request(outcome: RequestOutcome): void;
  /** A result was found without one of its blobs, `ageMs` after it was stored: the step computes it again. */
  lost(job: StoredJob, ready: ReadyStep, ageMs: number): void;
};

const maxRounds = 50;
const maxSeenKeys = 10_000;
const run: TimedDecision = { decision: { $case: "run" }, storedUnixMs: 0 };
const wait: TimedDecision = { decision: { $case: "wait" }, storedUnixMs: 0 };

/**
 * Creates a `DecideStep`. It counts each request once: `miss` when the step claims its key, `hit` when its answer was stored before the step
 * was ready, `coalesced` when the answer was stored while the step waited. It does not count a step that is rechecked or refreshes its result, or
 * a result that the step's own job made. Throws BROKER_UNAVAILABLE if the entry keeps changing.
 */
export function createDecideStep(parts: DecideStepParts, counts: DecisionCounts): DecideStep {
  const { bus, store, results, waiters, blobs } = parts;
  const seenKeys = new LRUCache<string, true>({ max: maxSeenKeys });

  /**
   * Claims a key that this replica has not seen without reading it first: most such keys have no entry. Returns undefined if the key has
   * one, or if a degraded result may serve the step.
   */
  async function claimUnseen({ spec }: StoredJob, ready: ReadyStep): Promise<TimedDecision | undefined> {
    const { resultKey: key, stepId } = ready;
    if (seenKeys.has(key) || spec.allowDegraded) return undefined;
    seenKeys.set(key, true);
    const entry = claimEntry({ jobId: spec.jobId, stepId }, undefined, Date.now());
    // A full cache may hold the result, so it is read then.
    if (!(await ignoreFullCache(bus, "claim", results.write(key, entry, undefined)))) return undefined;
    countMiss(ready);
    return run;
  }

  function countMiss({ refresh }: ReadyStep): void {
    if (!refresh) counts.request("miss");
  }

  async function claimOrFind(job: StoredJob, ready: ReadyStep, ended: StepRun | undefined): Promise<TimedDecision> {
    const { spec } = job;
    const { resultKey: key, service } = ready;
    const asker = { jobId: spec.jobId, stepId: ready.stepId };
    let isRegistered = false;
    let lostUnixMs = 0;
    // The waiter is removed here, because the run's end may have listed the waiters before this one was registered.
    const unregister = async (decided: TimedDecision): Promise<TimedDecision> => {
      if (isRegistered) await waiters.remove(key, asker);
      return decided;
    };
    for (let round = 0; round < maxRounds; round++) {
      const entry = await results.read(key);
      const lookup = lookUpResult(entry?.value, { ...ready, ...asker }, Date.now());
      const storedUnixMs = entry?.value.atUnixMs ?? 0;
      if (lookup.$case === "refuse" && !ready.refresh) return unregister({ decision: lookup, storedUnixMs });
      const isReusable = lookup.$case === "use" && mayReuse(lookup.result, ready, spec.jobId);
      if (lookup.$case === "use" && isReusable) {
        const reused = await reuseResult(blobs, lookup.result, ready, job);
        if (reused) return unregister(toUse(reused, storedUnixMs, ready));
        lostUnixMs = storedUnixMs;
      }
      if (lookup.$case === "mine") {
        if (!lookup.carrier) return unregister(run);
        if (await isRunOpen(bus, lookup.carrier, service, ended)) return wait;
      }
      if (spec.allowDegraded) {
        const found = await reuseDegradedResult(parts, ready, job);
        if (found) return unregister(toUse(found, found.storedUnixMs, ready));
      }
      if (lookup.$case === "taken" && (await isHolderOpen(store, lookup.claim, key))) {
        if (isRegistered) return wait;
        // Register first, then read again: either the run's end finds the waiter, or the waiter finds the run's end.
        const registering = waiters.register(key, asker).then(() => true);
        if (!(await ignoreFullCache(bus, "claim", registering))) {
          countMiss(ready);
          return run;
        }
        isRegistered = true;
        continue;
      }
      const known = knownIn(lookup, entry?.value.known, isReusable);
      const claimed = await ignoreFullCache(
        bus,
        "claim",
        results.write(key, claimEntry(asker, known, Date.now()), entry),
      );
      // Undefined: the cache is full. The step runs without a claim, and equal steps cannot wait for it.
      if (claimed !== false) {
        countMiss(ready);
        if (lostUnixMs > 0) counts.lost(job, ready, Math.max(0, Date.now() - lostUnixMs));
        return unregister(run);
      }
    }
    throw new AppError("BROKER_UNAVAILABLE", "The stored result kept changing while it was looked up");
  }

  function countAnswer({ decision, storedUnixMs }: TimedDecision, jobId: string, readyUnixMs: number): void {
    if (decision.$case === "use" && decision.result.provenance?.jobId === jobId) return;
    if (decision.$case === "use" || decision.$case === "refuse")
      counts.request(storedUnixMs > readyUnixMs ? "coalesced" : "hit");
  }

  return async (job, ready, ended) => {
    if (ready.resultKey === "") return { $case: "run" };
    const decided = (await claimUnseen(job, ready)) ?? (await claimOrFind(job, ready, ended));
    countAnswer(decided, job.spec.jobId, ready.readyUnixMs);
    return decided.decision;
  };
}

function toUse({ result, tier }: ReusedResult, storedUnixMs: number, { readyUnixMs }: ReadyStep): TimedDecision {
  return { decision: { $case: "use", result, tier, coalesced: storedUnixMs > readyUnixMs }, storedUnixMs };
}

/**
 * Returns the result that stays beside a new claim, for the case that its run fails. A result whose blobs are gone is dropped. A claim of an ended
 * step is taken over with the result beside it. A result that is refreshed stays until the new one replaces it.
 */
function knownIn(lookup: ResultLookup, beside: StepResult | undefined, isReusable: boolean): StepResult | undefined {
  if (lookup.$case === "use") return isReusable ? undefined : lookup.result;
  return lookup.$case === "free" || lookup.$case === "taken" ? lookup.known : beside;
}
