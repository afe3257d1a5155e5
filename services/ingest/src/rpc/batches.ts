import { AppError } from "@pixelmesh/errors";

/** Parts of the contract that this release does not serve yet. */
export const batchMethods = {
  cancelJobs: unserved,
  retryJobs: unserved,
  uploadPicture: unserved,
  createBatch: unserved,
  getBatch: unserved,
  listBatches: unserved,
  listBatchJobs: unserved,
  cancelBatch: unserved,
  retryBatch: unserved,
  // biome-ignore lint/correctness/useYield: it must be a generator to be a stream, and it only refuses.
  async *watchBatch() {
    await unserved();
  },
};

async function unserved(): Promise<never> {
  throw new AppError("METHOD_UNIMPLEMENTED", "Batches are not served by this release; create one job for each picture");
}
