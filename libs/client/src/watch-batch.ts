import { type Batch, BatchState, type JobServiceDefinition } from "@pixelmesh/proto";
import { createBackoff, type RpcClient } from "@pixelmesh/rpc/client";

/** Whether every job of the batch has ended. */
export function isBatchEnded({ state }: Batch): boolean {
  return state === BatchState.ENDED || state === BatchState.CANCELLED;
}

/**
 * Yields the batch with the jobs that have ended since `cursor`, each once, until the batch has ended. If the watched replica stops or is lost, it
 * watches another one from the last cursor on. Throws BATCH_NOT_FOUND, or the failure that lasted longer than `retryTimeoutMs`.
 */
export async function* watchBatch(
  rpc: RpcClient<JobServiceDefinition>,
  batchId: string,
  options: { readonly cursor?: string; readonly retryTimeoutMs: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Batch, void, undefined> {
  const { signal } = options;
  const backoff = createBackoff(options.retryTimeoutMs);
  let cursor = options.cursor ?? "";
  for (;;) {
    let failure: unknown;
    let hasEnded = false;
    try {
      for await (const batch of rpc.watchBatch({ batchId, cursor }, signal ? { signal } : {})) {
        backoff.reset();
        // A server ends the stream after the last message; it is read to its end, so that it is not reset.
        if (hasEnded) continue;
        cursor = batch.cursor;
        hasEnded = isBatchEnded(batch);
        yield batch;
      }
    } catch (error) {
      failure = error;
    }
    if (hasEnded) return;
    await backoff.wait(failure, signal);
  }
}
