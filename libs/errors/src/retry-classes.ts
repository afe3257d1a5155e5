import type { RetryRules } from "./reason-row.ts";

/** No repeat of the same call helps. */
export const permanent: RetryRules = {
  retryable: false,
  deterministic: false,
  requeueBeforeStart: false,
  clientRetries: "never",
};
/**
 * The input alone decides. Our own checks find most of these. A decoder's failure becomes IMAGE_CORRUPT or IMAGE_TRUNCATED only
 * after a second decode has failed too.
 */
export const decidedByInput: RetryRules = { ...permanent, deterministic: true };
/** A part of the mesh does not answer now. */
export const unavailable: RetryRules = {
  retryable: true,
  deterministic: false,
  requeueBeforeStart: true,
  clientRetries: "always",
};
/** A limit is reached now. */
export const full: RetryRules = { ...unavailable, clientRetries: "after_retry_info" };
/** A worker lost its slot. Clients never see it as the failure of a call. */
export const slotLost: RetryRules = { ...unavailable, clientRetries: "never" };
