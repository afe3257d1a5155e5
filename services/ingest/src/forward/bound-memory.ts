import { type ByteBudget, type ByteShare, maxUntakenRequests } from "@pixelmesh/rpc";

/** Bytes of a worker's response that may arrive before they are read. */
export const streamWindowBytes = 512 * 1024;
/** grpc-js keeps the first requests of a call, at most so many bytes, until the worker answers: it may have to send them again. */
const keptRequestBytes = 1024 * 1024;
/** The request that is being sent, and those that are read ahead. */
const requestsInMemory = 1 + maxUntakenRequests;
/** Responses up to this size are not charged: progress, errors, the last chunk of a small picture. */
const freeResponseBytes = 64 * 1024;
/** A response in memory: the bytes from the worker, those of the encoded message, and those of the frame that is sent. */
const copiesOfResponse = 3;

/** The requests of a forwarded call, charged to a budget. */
export type ChargedRequests = {
  /** Yields the requests. Throws QUEUE_FULL with RetryInfo if the budget has too little left. */
  readonly requests: AsyncGenerator<Uint8Array, void, undefined>;
  /** Gives the memory back. Called with the first response: the worker needs nothing again. Idempotent. */
  release(): void;
  /** Ends the requests and gives the memory back. Idempotent. */
  close(): void;
};

/** Charges the requests of a forwarded call to `uploads`: those that are in memory at once, at the size of the largest so far. */
export function chargeRequests(requests: AsyncIterable<Uint8Array>, uploads: ByteBudget): ChargedRequests {
  const share = uploads.open();
  let isClosed = false;
  async function* charged(): AsyncGenerator<Uint8Array, void, undefined> {
    let largestBytes = 0;
    let sentBytes = 0;
    for await (const request of requests) {
      // A request that arrives after the end of its call must not be charged: its memory would never be given back.
      if (isClosed) return;
      largestBytes = Math.max(largestBytes, request.length);
      sentBytes += request.length;
      const neededBytes = requestsInMemory * largestBytes + Math.min(keptRequestBytes, sentBytes);
      share.grow(Math.max(0, neededBytes - share.heldBytes));
      yield request;
    }
    share.shrink(requestsInMemory * largestBytes);
  }
  return {
    requests: charged(),
    release: share.release,
    close() {
      isClosed = true;
      share.release();
    },
  };
}

/** The memory of the responses of one forwarded call. */
export type ResponseMemory = {
  /** Waits for memory for responses of `length` bytes. Throws QUEUE_FULL with RetryInfo after the longest wait, or the signal's reason. */
  charge(length: number, signal: AbortSignal): Promise<void>;
  /** Idempotent. */
  release(): void;
};

/**
 * Charges the responses of a forwarded call to `downloads` from the first one of over 64 KiB on: the window of the stream and three times the
 * largest response.
 */
export function openResponseMemory(downloads: ByteBudget): ResponseMemory {
  const shares: ByteShare[] = [];
  return {
    async charge(length, signal) {
      if (length <= freeResponseBytes) return;
      const neededBytes = Math.min(downloads.totalBytes, streamWindowBytes + copiesOfResponse * length);
      const missingBytes = neededBytes - shares.reduce((sum, { heldBytes }) => sum + heldBytes, 0);
      if (missingBytes > 0) shares.push(await downloads.take(missingBytes, signal));
    },
    release() {
      for (const { release } of shares) release();
    },
  };
}
