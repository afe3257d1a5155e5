import { ErrorReason } from "@pixelmesh/proto";

/** A reason by name, without the enum's prefix: what ErrorInfo carries and what people read. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED" | "UNRECOGNIZED">;

/** Every reason there is. */
export const reasons: readonly Reason[] = Object.freeze(
  Object.keys(ErrorReason).filter((name) => name !== "UNSPECIFIED" && name !== "UNRECOGNIZED") as Reason[],
);

const byNumber = new Map<number, Reason>(reasons.map((name) => [ErrorReason[name], name]));

/** The enum's number for a reason. */
export function reasonToEnum(reason: Reason): ErrorReason {
  return ErrorReason[reason];
}

/** The reason for an enum's number; INTERNAL for one that this release does not know. */
export function reasonFromEnum(value: ErrorReason): Reason {
  return byNumber.get(value) ?? "INTERNAL";
}

const retryable: ReadonlySet<Reason> = new Set<Reason>([
  "TOO_MANY_JOBS",
  "QUEUE_FULL",
  "STORAGE_FULL",
  "STORAGE_UNAVAILABLE",
  "MEMORY_PRESSURE",
  "SERVICE_UNAVAILABLE",
  "BROKER_UNAVAILABLE",
  "STOPPING",
  "GRANT_EXPIRED",
  "INTERNAL",
]);

/** Whether the same work may succeed when it is simply tried again later. The one place that decides this. */
export function isRetryable(reason: Reason): boolean {
  return retryable.has(reason);
}

const deterministic: ReadonlySet<Reason> = new Set<Reason>([
  "INVALID_ARGUMENT",
  "IMAGE_EMPTY",
  "IMAGE_TYPE_UNSUPPORTED",
  "IMAGE_CORRUPT",
  "IMAGE_TRUNCATED",
  "IMAGE_TOO_MANY_BYTES",
  "IMAGE_TOO_MANY_PIXELS",
  "IMAGE_SIDE_TOO_LONG",
  "IMAGE_TOO_MANY_FRAMES",
  "OUTPUT_TOO_LARGE",
]);

/**
 * Whether the input alone decides the failure, so that the failure itself may be kept as a result. Our own checks decide most of
 * these; a decoder's complaint becomes IMAGE_CORRUPT or IMAGE_TRUNCATED only after a second decode has failed too. A model's
 * broken answer (RESULT_INVALID) is not among them: the device or the driver may have caused it.
 */
export function isDeterministic(reason: Reason): boolean {
  return deterministic.has(reason);
}
