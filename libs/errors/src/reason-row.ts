import type { ErrorReason } from "@pixelmesh/proto";

/** The name of a reason, without the enum's prefix. ErrorInfo carries it, and people read it. */
export type Reason = Exclude<keyof typeof ErrorReason, "UNSPECIFIED" | "UNRECOGNIZED">;

/** The names of the gRPC statuses that reasons map to. */
export type GrpcStatusName =
  | "CANCELLED"
  | "INVALID_ARGUMENT"
  | "DEADLINE_EXCEEDED"
  | "NOT_FOUND"
  | "ALREADY_EXISTS"
  | "RESOURCE_EXHAUSTED"
  | "FAILED_PRECONDITION"
  | "ABORTED"
  | "UNIMPLEMENTED"
  | "INTERNAL"
  | "UNAVAILABLE"
  | "DATA_LOSS"
  | "PERMISSION_DENIED"
  | "UNAUTHENTICATED";

/** Whether the client library repeats an idempotent call: with backoff, only if the error says after which time, or not at all. */
export type ClientRetries = "always" | "after_retry_info" | "never";

/** What a failure permits. */
export type RetryRules = {
  /** The same work may succeed later: the orchestrator schedules another attempt. */
  readonly retryable: boolean;
  /** The input alone decides the failure, so the failure itself may be cached as the result. Never together with `retryable`. */
  readonly deterministic: boolean;
  /** A step that fails this way before it started goes back to its queue and does not use up an attempt. */
  readonly requeueBeforeStart: boolean;
  readonly clientRetries: ClientRetries;
};

/** Everything that is decided for one reason. */
export type ReasonRow = {
  readonly status: GrpcStatusName;
  readonly retry: RetryRules;
  /** For people: what the reason means, then what to do. */
  readonly help: string;
};
