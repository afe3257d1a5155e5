import { isDeterministic, reasonFromEnum } from "@pixelmesh/errors";
import type { JobError, JobRecord, ResultClaim, ResultEntry, StepResult, StepRun } from "@pixelmesh/proto";
import { isJobEnded, isStepEnded } from "./job-record.ts";
import { mergeResults, resultCovers, type Wanted } from "./result-coverage.ts";

/** Lifetime of a stored failure, which applies to equal steps, in milliseconds: 10 minutes. */
export const NEGATIVE_LIFE_MS = 600_000;

/** A step that needs a result, and what it needs of it. */
export type ResultRequest = Wanted & { readonly jobId: string; readonly stepId: string };

/** The meaning of an entry of the result cache for a step. */
export type ResultLookup =
  /** The result exists and covers the need. */
  | { readonly $case: "use"; readonly result: StepResult }
  /** An equal step failed; this step would fail too. */
  | { readonly $case: "refuse"; readonly error: JobError }
  /** The step holds the claim. With a carrier, the run of another job makes the result. */
  | { readonly $case: "mine"; readonly carrier: StepRun | undefined }
  /** Another step holds the claim. */
  | { readonly $case: "taken"; readonly claim: ResultClaim; readonly known: StepResult | undefined }
  /** No step computes the result: this step may claim it. `known`: a stored result that does not cover the need. */
  | { readonly $case: "free"; readonly known: StepResult | undefined };

/** Interprets an entry for a step. A failure older than NEGATIVE_LIFE_MS is ignored. */
export function lookUpResult(entry: ResultEntry | undefined, request: ResultRequest, nowUnixMs: number): ResultLookup {
  const state = entry?.state;
  switch (state?.$case) {
    case "done":
      return resultCovers(state.value, request)
        ? { $case: "use", result: state.value }
        : { $case: "free", known: state.value };
    case "failed":
      return nowUnixMs - (entry?.atUnixMs ?? 0) < NEGATIVE_LIFE_MS
        ? { $case: "refuse", error: state.value }
        : { $case: "free", known: undefined };
    case "claimed": {
      const claim = state.value;
      if (isSame(claim, request)) return { $case: "mine", carrier: claim.carrier };
      return { $case: "taken", claim, known: entry?.known };
    }
    default:
      return { $case: "free", known: undefined };
  }
}

/** The entry by which a step claims a key. `carrier`: the run of another job that makes the result. */
export function claimEntry(
  { jobId, stepId }: Pick<ResultRequest, "jobId" | "stepId">,
  known: StepResult | undefined,
  nowUnixMs: number,
  carrier?: StepRun,
): ResultEntry {
  return { state: { $case: "claimed", value: { jobId, stepId, carrier } }, atUnixMs: nowUnixMs, known };
}

/** Whether a claim is alive: its step is open in its job's record (undefined: the record is gone) and has this key. */
export function isClaimAlive(claim: ResultClaim, key: string, holder: JobRecord | undefined): boolean {
  const step = holder?.steps.find(({ id }) => id === claim.stepId);
  return (
    holder !== undefined &&
    step !== undefined &&
    !isJobEnded(holder.state) &&
    !isStepEnded(step.state) &&
    step.resultKey === key
  );
}

/** The entry after a run: the stored result merged with the new one. The claim does not matter. */
export function doneEntry(before: ResultEntry | undefined, result: StepResult, nowUnixMs: number): ResultEntry {
  return {
    state: { $case: "done", value: mergeResults(storedIn(before), result) },
    atUnixMs: nowUnixMs,
    known: undefined,
  };
}

/**
 * The entry after a failure; undefined where the failure must not be stored: a result exists, or the reason is neither deterministic
 * nor POISON.
 */
export function failedEntry(
  before: ResultEntry | undefined,
  error: JobError,
  nowUnixMs: number,
): ResultEntry | undefined {
  const reason = reasonFromEnum(error.reason);
  if (storedIn(before) || !(isDeterministic(reason) || reason === "POISON")) return undefined;
  return { state: { $case: "failed", value: error }, atUnixMs: nowUnixMs, known: undefined };
}

/** The entry after a claim is released: the result that was stored before the claim; undefined where there was none. */
export function releasedEntry(entry: ResultEntry): ResultEntry | undefined {
  return entry.known && { state: { $case: "done", value: entry.known }, atUnixMs: entry.atUnixMs, known: undefined };
}

/** Whether a step holds the claim of an entry. */
export function isClaimedBy(entry: ResultEntry | undefined, request: Pick<ResultRequest, "jobId" | "stepId">): boolean {
  return entry?.state?.$case === "claimed" && isSame(entry.state.value, request);
}

function storedIn(entry: ResultEntry | undefined): StepResult | undefined {
  return entry?.state?.$case === "done" ? entry.state.value : entry?.known;
}

function isSame(a: { jobId: string; stepId: string }, b: { jobId: string; stepId: string }): boolean {
  return a.jobId === b.jobId && a.stepId === b.stepId;
}
