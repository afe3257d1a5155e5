import type { Logger } from "@pixelmesh/telemetry";
import type { BatchFeeds } from "../../batches/batch-feed.ts";
import { type BatchJobViewParts, createBatchJobViews } from "../../batches/batch-job-view.ts";
import type { BatchStore } from "../../batches/batch-store.ts";
import { repeatable } from "../repeatable.ts";
import { createCancelBatch } from "./cancel-batch.ts";
import { type CreateBatchParts, createCreateBatch } from "./create-batch.ts";
import { createGetBatch } from "./get-batch.ts";
import { createListBatchJobs } from "./list-batch-jobs.ts";
import { createListBatches } from "./list-batches.ts";
import { createRetryBatch } from "./retry-batch.ts";
import { createUploadPicture, type UploadPictureParts } from "./upload-picture.ts";
import { createWatchBatch } from "./watch-batch.ts";

/** Dependencies of `createBatchMethods`. */
export type BatchMethodParts = UploadPictureParts &
  CreateBatchParts &
  BatchJobViewParts & {
    readonly log: Logger;
    readonly batches: BatchStore;
    readonly feeds: BatchFeeds;
  };

/** Creates the handlers of batches. */
export function createBatchMethods(parts: BatchMethodParts) {
  const { log, batches, feeds } = parts;
  const views = createBatchJobViews(parts);
  return {
    uploadPicture: createUploadPicture(parts),
    createBatch: createCreateBatch(parts),
    getBatch: repeatable(log, createGetBatch(batches)),
    listBatches: repeatable(log, createListBatches(batches)),
    listBatchJobs: repeatable(log, createListBatchJobs(batches, views)),
    watchBatch: createWatchBatch(batches, feeds, views),
    cancelBatch: repeatable(log, createCancelBatch(batches)),
    retryBatch: createRetryBatch(batches),
  };
}
