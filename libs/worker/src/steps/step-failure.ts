import { type Acknowledgement, nakWithBackoff } from "@pixelmesh/bus";
import { AppError, isRequeuedBeforeStart, isRetryable, reasonToEnum, toAppError } from "@pixelmesh/errors";
import { activeSpan } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import { toFailedEvent } from "./publish-step-event.ts";
import type { StepAttempt } from "./step-attempt.ts";

/**
 * Ends a failed attempt and returns the acknowledgement of its work item:
 * - after a pause in which another worker may have got the item: none;
 * - cancelled: ack;
 * - a transient reason before the start: nak, so that the item is delivered again;
 * - any other failure: publishes `failed`, then ack. A failed run is also stored for equal steps.
 */
export async function endFailedAttempt(
  { base, results }: Pick<WorkerParts, "base" | "results">,
  attempt: StepAttempt,
  caught: unknown,
): Promise<Acknowledgement> {
  const { log } = base;
  const { item, delivery, signal, logFields } = attempt;
  const error = signal.aborted ? toAppError(signal.reason) : toFailure(caught);
  const { reason, message } = error;
  if (delivery.isLate()) {
    log.warn({ ...logFields, ...attempt.end("lost"), reason }, "step left to another worker after a pause");
    return { $case: "none" };
  }
  if (reason === "CANCELLED") {
    log.info({ ...logFields, ...attempt.end("cancelled") }, "step cancelled");
    return { $case: "ack" };
  }
  // After the start a failure is always published: starts without an end would make the step POISON.
  if (isRequeuedBeforeStart(reason) && !attempt.isStarted) {
    const { deliveries } = delivery;
    log.info({ ...logFields, ...attempt.end("requeued"), reason, deliveries }, "step requeued");
    return nakWithBackoff(deliveries, Math.random());
  }
  activeSpan().fail(reason);
  const retryable = isRetryable(reason);
  log.warn({ ...logFields, ...attempt.end("failed"), reason, retryable, err: error.cause ?? error }, "step failed");
  // A failure after the run, such as an encoding that cannot hold the picture, does not apply to equal steps.
  if (item.resultKey !== "" && !attempt.hasRun)
    await results.storeFailure(item.resultKey, { reason: reasonToEnum(reason), message, stepId: "" }, Date.now());
  await attempt.publish(toFailedEvent(error, item.stepId));
  return { $case: "ack" };
}

/** Only our own signal cancels the step. A call that another service cancelled means that the service is unavailable. */
function toFailure(caught: unknown): AppError {
  const error = toAppError(caught);
  if (error.reason !== "CANCELLED") return error;
  return new AppError("SERVICE_UNAVAILABLE", "A service that this step needs ended the call", { cause: error });
}
