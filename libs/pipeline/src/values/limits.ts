/** Most steps of a pipeline, those that the size policy adds included. */
export const MAX_STEPS = 64;

/** Most outputs of a pipeline. */
export const MAX_OUTPUTS = 64;

/** Most bytes of a resolved pipeline as it is stored (`JobSpec`): 128 KiB. */
export const MAX_SPEC_BYTES = 128 * 1024;

/** Tries a step gets when it fails for a reason that may pass; the last one's error is final. */
export const MAX_ATTEMPTS = 5;

/** Starts without an end at which a step is POISON: whatever takes it seems to die of it. */
export const MAX_STARTS = 5;

/** How long outputs are kept after a job's deadline, in milliseconds, unless configured otherwise: 24 hours. */
export const OUTPUT_LIFE_MS = 24 * 60 * 60 * 1000;

/** Longest side of any picture a step may make, unless a plan is given another limit. */
export const MAX_SIDE_PX = 16_384;

/** Most notices, and most adaptations, kept of one step, so that a job's record stays small. */
export const MAX_REMARKS = 8;
