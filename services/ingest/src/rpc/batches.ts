import { AppError } from "@pixelmesh/errors";
import type { Batch } from "@pixelmesh/proto";

/** CreateBatch: part of the contract, but not served by this release. */
export async function createBatch(): Promise<Batch> {
  throw unserved("CreateBatch");
}

/** WatchBatch: part of the contract, but not served by this release. */
// biome-ignore lint/correctness/useYield: it must be a generator to be a stream, and it only refuses.
export async function* watchBatch(): AsyncGenerator<Batch, void, undefined> {
  throw unserved("WatchBatch");
}

function unserved(method: string): AppError {
  return new AppError(
    "METHOD_UNIMPLEMENTED",
    `${method} is not served by this release; create one job for each picture`,
  );
}
