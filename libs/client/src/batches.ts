import {
  type Batch,
  type BatchJob,
  type JobServiceDefinition,
  JobState,
  type UploadPictureResponse,
} from "@pixelmesh/proto";
import type { RpcClient } from "@pixelmesh/rpc/client";
import type { CallOptions } from "./call-options.ts";
import type { Cancellation } from "./cancellation.ts";
import { type CreateBatchOptions, createBatch } from "./create-batch.ts";
import { measureSource, type UploadSource } from "./find-stored.ts";
import { createRetriedCall } from "./retry.ts";
import { type UploadOptions, uploadPicture } from "./upload-picture.ts";
import { isBatchEnded, watchBatch } from "./watch-batch.ts";

/** The batches of one tenant. Calls fail with AppErrors. */
export type Batches = {
  /**
   * Stores a picture for an hour, so that batches and jobs can name it by its digest. The bytes of one of at least 256 KiB are sent only if the mesh
   * does not have them of this tenant.
   */
  upload(picture: UploadSource, options?: UploadOptions): Promise<UploadPictureResponse>;
  /** Uploads pictures and resolves once their batch is durable. Idempotent by its request id. */
  create(options: CreateBatchOptions): Promise<Batch>;
  get(batchId: string, options?: CallOptions): Promise<Batch>;
  /** Iterates from the newest batch on. Fetches pages as needed. */
  list(options?: CallOptions & { readonly pageSize?: number }): AsyncGenerator<Batch>;
  /** Iterates over the jobs of a batch in the order of its pictures. Fetches pages as needed. */
  jobs(batchId: string, options?: BatchJobsOptions): AsyncGenerator<BatchJob>;
  /** Iterates over the batch and the jobs that have ended since `cursor`, each once, until the batch has ended. Reconnects by itself. */
  watch(batchId: string, options?: WatchBatchOptions): AsyncGenerator<Batch, void, undefined>;
  /** Resolves to the batch once every job has ended. */
  wait(batchId: string, options?: CallOptions): Promise<Batch>;
  /** Cancels what has not ended of the batch. Resolves to the batch. */
  cancel(batchId: string, options?: CallOptions): Promise<Batch>;
  /** Retries the failed jobs of an ended batch, and the cancelled ones of a cancelled one. Resolves to the batch. */
  retry(batchId: string, options?: CallOptions): Promise<Batch>;
};

/** Options of `Batches.jobs`. */
export type BatchJobsOptions = CallOptions & {
  /** Default: all, also those that wait to be created. */
  readonly state?: JobState;
  /** 1 to 1,000, default 200. */
  readonly pageSize?: number;
};

/** Options of `Batches.watch`. */
export type WatchBatchOptions = CallOptions & {
  /** Of an earlier message; default: from the first job that ended. */
  readonly cursor?: string;
};

/** Creates the access to batches over one client. */
export function createBatches(
  rpc: RpcClient<JobServiceDefinition>,
  retryTimeoutMs: number,
  cancellation: Cancellation,
): Batches {
  const withRetries = createRetriedCall(cancellation, retryTimeoutMs);
  const watch = (batchId: string, { cursor = "", ...options }: WatchBatchOptions) =>
    cancellation.iterate(options, (signal) => watchBatch(rpc, batchId, { cursor, retryTimeoutMs, signal }));

  /** Iterates over the items of all pages. */
  async function* readPages<T>(
    options: CallOptions,
    readPage: (
      pageToken: string,
      call: CallOptions,
    ) => Promise<{ readonly items: readonly T[]; readonly next: string }>,
  ): AsyncGenerator<T> {
    let pageToken = "";
    do {
      const page = await withRetries(options, (call) => readPage(pageToken, call));
      for (const item of page.items) {
        yield item;
        cancellation.check(options);
      }
      pageToken = page.next;
    } while (pageToken !== "");
  }

  return {
    upload: (picture, options = {}) =>
      cancellation.call(options, async (signal) =>
        uploadPicture(rpc, picture, await measureSource(picture), { ...options, retryTimeoutMs, signal }),
      ),
    create: (options) =>
      cancellation.call(options, (signal) => createBatch(rpc, { ...options, signal }, retryTimeoutMs)),
    get: (batchId, options = {}) => withRetries(options, (call) => rpc.getBatch({ batchId }, call)),
    list: ({ pageSize = 50, ...options } = {}) =>
      readPages(options, async (pageToken, call) => {
        const page = await rpc.listBatches({ pageSize, pageToken }, call);
        return { items: page.batches, next: page.nextPageToken };
      }),
    jobs: (batchId, { state = JobState.UNSPECIFIED, pageSize = 200, ...options } = {}) =>
      readPages(options, async (pageToken, call) => {
        const page = await rpc.listBatchJobs({ batchId, pageSize, pageToken, state }, call);
        return { items: page.jobs, next: page.nextPageToken };
      }),
    watch: (batchId, options = {}) => watch(batchId, options),
    async wait(batchId, options = {}) {
      let last: Batch | undefined;
      for await (const batch of watch(batchId, options)) last = batch;
      if (last === undefined || !isBatchEnded(last)) throw new Error("A watch ends with an ended batch only");
      return last;
    },
    cancel: (batchId, options = {}) => withRetries(options, (call) => rpc.cancelBatch({ batchId }, call)),
    retry: (batchId, options = {}) =>
      cancellation.call(options, (signal) => rpc.retryBatch({ batchId }, { ...options, signal })),
  };
}
