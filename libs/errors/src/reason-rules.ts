import { ErrorReason } from "@pixelmesh/proto/errors";
import type { ClientRetries, GrpcStatusName, Reason } from "./reason-row.ts";
import { reasonTable } from "./reasons.ts";

/** All reasons, in the order of the table. */
export const reasons: readonly Reason[] = Object.freeze(Object.keys(reasonTable) as Reason[]);

const byNumber = new Map<number, Reason>(reasons.map((name) => [ErrorReason[name], name]));

/** Returns the enum's number for a reason. */
export function reasonToEnum(reason: Reason): ErrorReason {
  return ErrorReason[reason];
}

/** Returns the reason for an enum's number; INTERNAL for a number that this release does not know. */
export function reasonFromEnum(value: ErrorReason): Reason {
  return byNumber.get(value) ?? "INTERNAL";
}

/** Returns the name of the gRPC status of a reason. */
export function grpcStatusOf(reason: Reason): GrpcStatusName {
  return reasonTable[reason].status;
}

/** Whether the same work may succeed later. */
export function isRetryable(reason: Reason): boolean {
  return reasonTable[reason].retry.retryable;
}

/** Whether the input alone decides the failure, so that the failure itself may be cached as the result. */
export function isDeterministic(reason: Reason): boolean {
  return reasonTable[reason].retry.deterministic;
}

/**
 * Whether a step that failed this way before it started goes back to its queue without using up an attempt. Such a failure says
 * nothing about the work, only about this moment or this worker.
 */
export function isRequeuedBeforeStart(reason: Reason): boolean {
  return reasonTable[reason].retry.requeueBeforeStart;
}

/** Returns whether clients repeat an idempotent call that failed this way. */
export function clientRetriesOf(reason: Reason): ClientRetries {
  return reasonTable[reason].retry.clientRetries;
}
