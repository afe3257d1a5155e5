import { type Bus, hasWork } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import {
  claimEntry,
  degradedKey,
  isClaimAlive,
  isClaimedBy,
  lookAtResult,
  type ReadyStep,
  trimResult,
} from "@pixelmesh/pipeline";
import type { JobError, JobSpec, ResultClaim, StepRecord, StepResult, StepRun } from "@pixelmesh/proto";
import { workerRoles } from "@pixelmesh/roles";
import type { Metrics } from "@pixelmesh/telemetry";
import { type BlobClient, keepResult, orUnkept, type Results } from "@pixelmesh/worker";
import { readJobLog } from "../stores/job-events.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";
import type { Waiter, Waits } from "../stores/waiters.ts";

/** What is to become of a READY step: a stored answer, its own run, or waiting for another's. */
export type Sought =
  | { readonly $case: "use"; readonly result: StepResult }
  | { readonly $case: "refuse"; readonly error: JobError }
  | { readonly $case: "run" }
  | { readonly $case: "wait" };

/** What single-flight needs. */
export type SingleFlightParts = {
  readonly bus: Bus;
  readonly store: JobStore;
  readonly results: Results;
  readonly waits: Waits;
  readonly blobs: BlobClient;
  readonly metrics: Metrics;
};

/** Equal steps in flight are one run. */
export type SingleFlight = {
  /** `ended` is a run that is known to be over although its message may still be there. */
  seek(job: StoredJob, ready: ReadyStep, ended: StepRun | undefined): Promise<Sought>;
  /**
   * Gives up the claim of a step whose job has ended. With somebody waiting, that step gets it, and a run under way goes on
   * for it: answers whether it does.
   */
  giveUp(spec: JobSpec, step: StepRecord, isKnownToRun: boolean): Promise<boolean>;
};

/** An answer with when it was stored. */
type Found = { readonly sought: Sought; readonly storedUnixMs: number };

const maxRounds = 50;
const maxHeirs = 20;

/** Claims, waits, takes over and hands over, all by compare-and-set on the results (docs/reliability.md). */
export function createSingleFlight(parts: SingleFlightParts): SingleFlight {
  const { bus, store, results, waits, blobs, metrics } = parts;
  const toLabels = (result: string) => ({ cache: "result", result });
  const countSought = metrics.countBy("pixelmesh_cache_requests_total", toLabels);

  async function isAlive(claim: ResultClaim, key: string): Promise<boolean> {
    return isClaimAlive(claim, key, (await store.find(claim.jobId))?.record);
  }

  async function isUnderWay(run: StepRun, serviceName: string, ended: StepRun | undefined): Promise<boolean> {
    const isOver = ended?.jobId === run.jobId && ended.stepId === run.stepId && ended.attempt >= run.attempt;
    const service = workerRoles.find((known) => known === serviceName);
    return !isOver && service !== undefined && hasWork(bus, service, run);
  }

  /** What the log says: another replica may hold the fact of a start for a moment, until more is known of the step. */
  async function hasStarted(spec: JobSpec, { id, attempt }: StepRecord): Promise<boolean> {
    const events = await readJobLog(bus, spec);
    return events.some((fact) => fact.event?.$case === "started" && fact.stepId === id && fact.attempt === attempt);
  }

  /** The wanted part of a stored result, kept for the job from now on; undefined where a part of it is gone or corrupt. */
  async function take(result: StepResult, ready: ReadyStep, { spec, record }: Pick<StoredJob, "spec" | "record">) {
    const { jobId, deadlineUnixMs } = spec;
    const wanted = trimResult(result, ready);
    const keep = { jobId, deadlineUnixMs, keepUntilUnixMs: record.outputsExpireUnixMs };
    return (await keepResult(blobs, wanted, keep)) ? wanted : undefined;
  }

  async function findDegraded(ready: ReadyStep, asker: Waiter, job: StoredJob) {
    const entry = await results.read(degradedKey(ready.resultKey));
    const look = lookAtResult(entry?.value, { ...ready, ...asker }, Date.now());
    const result = look.$case === "use" ? await take(look.result, ready, job) : undefined;
    return result && { result, storedUnixMs: entry?.value.atUnixMs ?? 0 };
  }

  /**
   * Counts a request once, by how it ends: a `miss` when it claims its key, a `hit` when its answer was stored before it was
   * ready, `joined` when the answer was stored while it waited. A step that is looked at again, and one that finds what its
   * own job made, is not counted again.
   */
  function countAnswer({ sought, storedUnixMs }: Found, jobId: string, readyUnixMs: number): void {
    if (sought.$case === "use" && sought.result.provenance?.jobId === jobId) return;
    if (sought.$case === "use" || sought.$case === "refuse") countSought(storedUnixMs > readyUnixMs ? "joined" : "hit");
  }

  async function seekKey(job: StoredJob, ready: ReadyStep, ended: StepRun | undefined): Promise<Found> {
    const { spec } = job;
    const { resultKey: key, service } = ready;
    const asker = { jobId: spec.jobId, stepId: ready.stepId };
    let isRegistered = false;
    /** Who has an answer is not woken for it: whoever it is that ends the run may have listed its waiters before. */
    const answer = async (sought: Sought, storedUnixMs = 0): Promise<Found> => {
      if (isRegistered) await waits.remove(key, asker);
      return { sought, storedUnixMs };
    };
    const wait: Found = { sought: { $case: "wait" }, storedUnixMs: 0 };
    for (let round = 0; round < maxRounds; round++) {
      const entry = await results.read(key);
      const look = lookAtResult(entry?.value, { ...ready, ...asker }, Date.now());
      const storedUnixMs = entry?.value.atUnixMs ?? 0;
      if (look.$case === "refuse") return answer(look, storedUnixMs);
      if (look.$case === "use") {
        const result = await take(look.result, ready, job);
        if (result) return answer({ $case: "use", result }, storedUnixMs);
      }
      if (look.$case === "mine") {
        if (!look.carrier) return answer({ $case: "run" });
        if (await isUnderWay(look.carrier, service, ended)) return wait;
      }
      if (spec.allowDegraded) {
        const found = await findDegraded(ready, asker, job);
        if (found) return answer({ $case: "use", result: found.result }, found.storedUnixMs);
      }
      if (look.$case === "taken" && (await isAlive(look.claim, key))) {
        if (isRegistered) return wait;
        // Registered first, then read again: who ends in between finds the waiter, or the waiter finds the end.
        const registered = await orUnkept(
          bus,
          "claim",
          waits.register(key, asker).then(() => true),
        );
        if (!registered) {
          countSought("miss");
          return { sought: { $case: "run" }, storedUnixMs: 0 };
        }
        isRegistered = true;
        continue;
      }
      // A result whose blobs are gone is no longer known; a dead claim is taken over with what it knew.
      const known = look.$case === "free" || look.$case === "taken" ? look.known : entry?.value.known;
      const claimed = await orUnkept(bus, "claim", results.write(key, claimEntry(asker, known, Date.now()), entry));
      // Without room for a claim equal steps do not learn of this run.
      if (claimed !== false) {
        countSought("miss");
        return answer({ $case: "run" });
      }
    }
    throw new AppError("BROKER_UNAVAILABLE", "The stored result kept changing while it was looked up");
  }

  return {
    async seek(job, ready, ended) {
      if (ready.resultKey === "") return { $case: "run" };
      const found = await seekKey(job, ready, ended);
      countAnswer(found, job.spec.jobId, ready.readyUnixMs);
      return found.sought;
    },

    async giveUp(spec, step, isKnownToRun) {
      const { jobId, priority } = spec;
      const { resultKey: key, id: stepId, attempt } = step;
      const entry = await results.read(key);
      if (!entry || !isClaimedBy(entry.value, { jobId, stepId })) {
        await waits.remove(key, { jobId, stepId });
        return false;
      }
      const before = entry.value.state?.$case === "claimed" ? entry.value.state.value.carrier : undefined;
      for (const heir of (await waits.list(key)).slice(0, maxHeirs)) {
        if (!(await isAlive({ ...heir, carrier: undefined }, key))) continue;
        const isOwnRun = before === undefined && (isKnownToRun || (await hasStarted(spec, step)));
        const run = isOwnRun ? { jobId, stepId, attempt, priority } : before;
        const claim = claimEntry(heir, entry.value.known, Date.now(), run);
        const isHandedOver = (await orUnkept(bus, "claim", results.write(key, claim, entry))) === true;
        // The heir finds the claim made, so its own look counts nothing.
        if (isHandedOver && run === undefined) countSought("miss");
        return isHandedOver && isOwnRun;
      }
      await results.release(key, { jobId, stepId });
      return false;
    },
  };
}
