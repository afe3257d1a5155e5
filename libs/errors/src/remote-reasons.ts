import type { Reason, ReasonRow } from "./reason-row.ts";
import { full, permanent, unavailable } from "./retry-classes.ts";

/** The reasons of features and hosted models: rows of `reasonTable`. */
export const remoteReasons = {
  UNKNOWN_FEATURE: {
    status: "NOT_FOUND",
    retry: permanent,
    help: "There is no feature of this name and version. Use one of those in metadata `known`.",
  },
  REMOTE_NOT_ALLOWED: {
    status: "FAILED_PRECONDITION",
    retry: permanent,
    help: "The operator does not allow pictures to leave the mesh (`PIXELMESH_REMOTE_ALLOWED`). Use local models.",
  },
  PROVIDER_NOT_CONFIGURED: {
    status: "FAILED_PRECONDITION",
    retry: permanent,
    help: "No hosted model of this mesh does what the step asks for, or the credentials of its provider cannot be read. The message names what to correct.",
  },
  PROVIDER_REFUSED: {
    status: "FAILED_PRECONDITION",
    retry: permanent,
    help: "The provider refused the call; the message has its reason. Change the picture or the settings.",
  },
  BUDGET_EXCEEDED: {
    status: "RESOURCE_EXHAUSTED",
    retry: permanent,
    help: "The call would cost more than is left of the tenant's budget for today. Wait for the next day (UTC), or ask the operator for more.",
  },
  PROVIDER_BUSY: {
    status: "RESOURCE_EXHAUSTED",
    retry: { ...full, requeueBeforeStart: false },
    help: "The provider takes no further calls now. Repeat after the time in RetryInfo.",
  },
  PROVIDER_FAILED: {
    status: "UNAVAILABLE",
    retry: { ...unavailable, requeueBeforeStart: false, clientRetries: "never" },
    help: "The provider failed or did not answer in time. Repeat; if it lasts, check the provider's status page.",
  },
} as const satisfies Partial<Record<Reason, ReasonRow>>;
