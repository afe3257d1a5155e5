import { type StepRecord, StepState, StepWait, WaitReason } from "@pixelmesh/proto";
import { STALE_AFTER_MS, type StepProgressView } from "./job-progress.ts";

/**
 * What a step waits for: as its worker, or the ingest that dispatched it, has reported. A READY step without a report is in the queue of its
 * service, or waits to be tried again. Undefined for a step that is about to start or waits for nothing, for results of other steps, or has ended.
 */
export function stepWait(
  step: Pick<StepRecord, "state" | "attempt" | "error">,
  report: StepProgressView | undefined,
  nowUnixMs: number,
): StepWait | undefined {
  if (step.state !== StepState.READY && step.state !== StepState.RUNNING) return undefined;
  if (report !== undefined && report.attempt === step.attempt && isCurrent(report, nowUnixMs)) return report.wait;
  if (step.state === StepState.RUNNING) return undefined;
  return StepWait.create({ reason: step.error === undefined ? WaitReason.QUEUE : WaitReason.RETRY });
}

/** A worker repeats its report. Ingest reports an equal step once, and reports when the wait for it ends. */
function isCurrent({ wait, receivedUnixMs }: StepProgressView, nowUnixMs: number): boolean {
  if (wait?.reason === WaitReason.EQUAL_STEP) return true;
  return nowUnixMs - (receivedUnixMs ?? nowUnixMs) <= STALE_AFTER_MS;
}
