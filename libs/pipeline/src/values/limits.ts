/** Most steps of a pipeline, including those that the size policy adds. */
export const MAX_STEPS = 64;

/** Most outputs of a pipeline. */
export const MAX_OUTPUTS = 64;

/** Most bytes of a resolved pipeline as it is stored (`JobSpec`): 128 KiB. */
export const MAX_SPEC_BYTES = 128 * 1024;

/** Most attempts of a step that fails for retryable reasons. The error of the last attempt is final. */
export const MAX_ATTEMPTS = 5;

/** Starts without an end after which a step fails with POISON: it seems to crash its workers. */
export const MAX_STARTS = 5;

/** Default lifetime of outputs after a job's deadline, in milliseconds: 24 hours. */
export const OUTPUT_LIFE_MS = 24 * 60 * 60 * 1000;

/** Longest side of a result in pixels, unless a plan has another limit. */
export const MAX_SIDE_PX = 16_384;

/** Most notices, and most adaptations, that a job record keeps of one step. */
export const MAX_REMARKS = 8;
