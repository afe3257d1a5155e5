/** Releases all blobs of some jobs in one call. */
export type ReleaseJobs = (jobIds: readonly string[]) => Promise<void>;

/** How long a release waits for others. Space that jobs held becomes free this much later. */
const gatherMs = 50;
/** A full batch is sent at once. */
const maxJobs = 256;

type Batch = { readonly jobIds: string[]; readonly sent: PromiseWithResolvers<void>; readonly timer: NodeJS.Timeout };

/**
 * Creates a function that releases one job's blobs. The releases of 50 ms, up to 256, share one call of `release`, because every job ends with
 * one and no other work waits for it. The returned promise settles with that call.
 */
export function createReleaseBatch(release: ReleaseJobs): (jobId: string) => Promise<void> {
  let batch: Batch | undefined;

  function send({ jobIds, sent, timer }: Batch): void {
    clearTimeout(timer);
    batch = undefined;
    release(jobIds).then(sent.resolve, sent.reject);
  }
  function open(): Batch {
    const opened: Batch = {
      jobIds: [],
      sent: Promise.withResolvers<void>(),
      timer: setTimeout(() => send(opened), gatherMs),
    };
    return opened;
  }

  return (jobId) => {
    batch ??= open();
    const joined = batch;
    joined.jobIds.push(jobId);
    if (joined.jobIds.length >= maxJobs) send(joined);
    return joined.sent.promise;
  };
}
