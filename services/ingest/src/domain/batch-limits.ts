/** Most pictures of a batch. */
export const maxBatchSources = 10_000;
/** Most ends of jobs that a progress record holds, retries included: 16 bytes each, below the largest message of the broker. */
export const maxBatchEnds = 50_000;
/** Most attempts of a job of a batch: the first and nine retries. */
export const maxBatchAttempts = 10;
/** Sources in an entry of the bucket. */
export const sourcesPerPage = 500;
/** How long the jobs of a batch can be created and retried, and its pictures are kept, in milliseconds. */
export const batchLifeMs = 24 * 3_600_000;
/** How long a picture that was sent without a job is kept, in milliseconds. */
export const uploadLifeMs = 3_600_000;
/** Longest name of a source, in bytes of UTF-8. */
export const maxNameBytes = 255;
/** Ends of jobs in one message of a watch. The last message of a watch has fewer. */
export const endsPerMessage = 500;
