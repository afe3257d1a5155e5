import { AppError } from "@pixelmesh/errors";
import { type BucketFill, evictionThresholds } from "../domain/eviction-thresholds.ts";

/** Throws QUEUE_FULL with RetryInfo while the store of callbacks has no space for those of further jobs. */
export type AssertCallbackSpace = () => Promise<void>;

const freshMs = 1_000;
const retryAfterMs = 30_000;

/**
 * Creates an `AssertCallbackSpace`. New jobs with a callback are refused from 85 % of the bound on. Half of the bound lies above it, for the callbacks of
 * jobs that were accepted before.
 */
export function createAssertCallbackSpace(
  readFill: () => Promise<Pick<BucketFill, "sizeBytes" | "boundBytes" | "entries" | "maxEntries">>,
): AssertCallbackSpace {
  let isFull = false;
  let readMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (performance.now() - readMs > freshMs) {
      const { sizeBytes, boundBytes, entries, maxEntries } = await readFill();
      isFull = sizeBytes > evictionThresholds.refuse * boundBytes || entries > 1.5 * maxEntries;
      readMs = performance.now();
    }
    if (!isFull) return;
    const text =
      "The store of callbacks is full of ones that are still to be made; try again, or send no `callback_url`";
    throw new AppError("QUEUE_FULL", text, { retryAfterMs });
  };
}
