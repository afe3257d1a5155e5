import { isDeterministic, reasonFromEnum } from "@pixelmesh/errors";
import type { JobError, JobRecord, ResultClaim, ResultEntry, StepResult, StepRun } from "@pixelmesh/proto";
import { isJobEnded, isStepEnded } from "./job-record.ts";
import { mergeResults, resultCovers, type Wanted } from "./result-coverage.ts";

/** How long a failure stands for equal steps, in milliseconds: 10 minutes. */
export const NEGATIVE_LIFE_MS = 600_000;

/** A step that asks for a result. */
export type Asker = Wanted & { readonly jobId: string; readonly stepId: string };

/** What an entry of the results means for who asks. */
export type ResultLook =
  /** The result is there and has all that is wanted. */
  | { readonly $case: "use"; readonly result: StepResult }
  /** An equal step failed, and this one would. */
  | { readonly $case: "refuse"; readonly error: JobError }
  /** The asker holds the claim; with a carrier, another job's run is to fulfil it. */
  | { readonly $case: "mine"; readonly carrier: StepRun | undefined }
  /** Another step holds the claim. */
  | { readonly $case: "taken"; readonly claim: ResultClaim; readonly known: StepResult | undefined }
  /** Nobody works on it: the asker may claim it. `known`: what is stored, which lacks something wanted. */
  | { readonly $case: "free"; readonly known: StepResult | undefined };

/** Reads an entry for an asker. A failure older than NEGATIVE_LIFE_MS counts for nothing. */
export function lookAtResult(entry: ResultEntry | undefined, asker: Asker, nowUnixMs: number): ResultLook {
  const state = entry?.state;
  switch (state?.$case) {
    case "done":
      return resultCovers(state.value, asker)
        ? { $case: "use", result: state.value }
        : { $case: "free", known: state.value };
    case "failed":
      return nowUnixMs - (entry?.atUnixMs ?? 0) < NEGATIVE_LIFE_MS
        ? { $case: "refuse", error: state.value }
        : { $case: "free", known: undefined };
    case "claimed": {
      const claim = state.value;
      if (isSame(claim, asker)) return { $case: "mine", carrier: claim.carrier };
      return { $case: "taken", claim, known: entry?.known };
    }
    default:
      return { $case: "free", known: undefined };
  }
}

/** The entry by which a step claims a key, on its own or with a run that goes on for it. */
export function claimEntry(
  { jobId, stepId }: Pick<Asker, "jobId" | "stepId">,
  known: StepResult | undefined,
  nowUnixMs: number,
  carrier?: StepRun,
): ResultEntry {
  return { state: { $case: "claimed", value: { jobId, stepId, carrier } }, atUnixMs: nowUnixMs, known };
}

/** Whether a claim lives: its step is open in its job's record (undefined: the record is gone) and is about this key. */
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

/** The entry after a run: what was stored before and what it made, whoever claimed the key. */
export function doneEntry(before: ResultEntry | undefined, result: StepResult, nowUnixMs: number): ResultEntry {
  return {
    state: { $case: "done", value: mergeResults(storedIn(before), result) },
    atUnixMs: nowUnixMs,
    known: undefined,
  };
}

/** The entry after a failure that equal steps would share; undefined where it must not be kept: a result is there, or the reason may pass. */
export function failedEntry(
  before: ResultEntry | undefined,
  error: JobError,
  nowUnixMs: number,
): ResultEntry | undefined {
  const reason = reasonFromEnum(error.reason);
  if (storedIn(before) || !(isDeterministic(reason) || reason === "POISON")) return undefined;
  return { state: { $case: "failed", value: error }, atUnixMs: nowUnixMs, known: undefined };
}

/** The entry once a claim is given up: the result that was there before it; undefined when nothing was. */
export function releasedEntry(entry: ResultEntry): ResultEntry | undefined {
  return entry.known && { state: { $case: "done", value: entry.known }, atUnixMs: entry.atUnixMs, known: undefined };
}

/** Whether an entry is claimed by a step. */
export function isClaimedBy(entry: ResultEntry | undefined, asker: Pick<Asker, "jobId" | "stepId">): boolean {
  return entry?.state?.$case === "claimed" && isSame(entry.state.value, asker);
}

function storedIn(entry: ResultEntry | undefined): StepResult | undefined {
  return entry?.state?.$case === "done" ? entry.state.value : entry?.known;
}

function isSame(a: { jobId: string; stepId: string }, b: { jobId: string; stepId: string }): boolean {
  return a.jobId === b.jobId && a.stepId === b.stepId;
}
