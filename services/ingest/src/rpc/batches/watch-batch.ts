import { expected } from "@pixelmesh/errors";
import { type Batch, type BatchJob, type BatchProgress, BatchState, type WatchBatchRequest } from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { BatchFeeds } from "../../batches/batch-feed.ts";
import type { BatchJobViews } from "../../batches/batch-job-view.ts";
import type { BatchStore } from "../../batches/batch-store.ts";
import { toBatch } from "../../batches/batch-view.ts";
import { endsPerMessage } from "../../domain/batch-limits.ts";
import { inParallel } from "../../domain/in-parallel.ts";
import { callTenant } from "../call-tenant.ts";

const concurrency = 16;

/**
 * WatchBatch: streams the batch with the jobs that have ended since the cursor, until the batch has ended. The cursor is the number of ends that were
 * sent. A message with as many ends as fit is followed by another one, so it says that the batch runs.
 */
export function createWatchBatch(
  batches: Pick<BatchStore, "get">,
  feeds: Pick<BatchFeeds, "follow">,
  views: Pick<BatchJobViews, "ofEnd">,
) {
  return async function* watchBatch(
    { batchId, cursor }: WatchBatchRequest,
    { signal }: CallContext,
  ): AsyncGenerator<Batch, void, undefined> {
    const batch = await batches.get(batchId, callTenant());
    const { spec } = batch;
    let sent = parseCursor(cursor, batch.progress);

    async function toMessage(progress: BatchProgress): Promise<Batch> {
      const ends = progress.ended.slice(sent, sent + endsPerMessage);
      const ended: BatchJob[] = [];
      await inParallel(ends.entries(), concurrency, async ([place, end]) => {
        ended[place] = await views.ofEnd(spec, end);
      });
      sent += ends.length;
      const view = toBatch({ spec, progress }, Date.now());
      const state = ends.length === endsPerMessage ? BatchState.RUNNING : view.state;
      return { ...view, state, ended, cursor: String(sent) };
    }

    for await (const progress of feeds.follow(batch, signal)) {
      let message = await toMessage(progress);
      yield message;
      for (; message.ended.length === endsPerMessage; yield message) message = await toMessage(progress);
    }
  };
}

function parseCursor(cursor: string, { ended }: BatchProgress): number {
  if (/^\d{0,6}$/.test(cursor) && Number(cursor) <= ended.length) return Number(cursor);
  throw expected("cursor", "empty, or the cursor of an earlier message of this batch", cursor);
}
