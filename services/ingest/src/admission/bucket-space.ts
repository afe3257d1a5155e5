import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { keepShares } from "../domain/eviction-thresholds.ts";

/** Whether the bucket `jobs` has room for another job beside what the running ones still have to write. */
export type StoreRoom = {
  /** Resolves when there is room; waits a little for the keeper to make some. Throws QUEUE_FULL, with when to try again. */
  assertRoom(): Promise<void>;
  /** Counts what a job takes that this replica lets in, until the next look sees it. */
  noteEntered(bytes: number): void;
};

/** What the room is judged by. */
export type StoreRoomParts = {
  readonly read: () => Promise<{ readonly sizeBytes: number; readonly boundBytes: number }>;
  /** Called when there is none. */
  readonly hurry: () => void;
};

const freshMs = 250;
const lookAgainMs = 25;
const patienceMs = 3_000;
const retryAfterMs = 5_000;
/** After a refusal others are refused at once for so long. */
const refuseAtOnceMs = 1_000;

/**
 * New jobs are let in up to 85 % of the bound. Finished ones give way before that, so a bucket that stays above is full of what
 * unfinished jobs need; half the bound again lies above it for the ends of those.
 */
export function createStoreRoom({ read, hurry }: StoreRoomParts): StoreRoom {
  let known = { sizeBytes: 0, boundBytes: 1, atMs: Number.NEGATIVE_INFINITY };
  let enteredBytes = 0;
  let reading: Promise<void> | undefined;
  let waiting: Promise<boolean> | undefined;
  let refuseUntilMs = 0;

  async function look(): Promise<boolean> {
    if (performance.now() - known.atMs > freshMs) {
      reading ??= readAgain().finally(() => {
        reading = undefined;
      });
      await reading;
    }
    return known.sizeBytes + enteredBytes <= keepShares.refuse * known.boundBytes;
  }

  async function readAgain(): Promise<void> {
    enteredBytes = 0;
    known = { ...(await read()), atMs: performance.now() };
  }

  /** One wait serves all that ask meanwhile. */
  async function waitForRoom(): Promise<boolean> {
    const untilMs = performance.now() + patienceMs;
    while (performance.now() < untilMs) {
      hurry();
      await sleep(lookAgainMs);
      await readAgain();
      if (await look()) return true;
    }
    refuseUntilMs = performance.now() + refuseAtOnceMs;
    return false;
  }

  return {
    async assertRoom() {
      if (await look()) return;
      if (performance.now() >= refuseUntilMs) {
        waiting ??= waitForRoom().finally(() => {
          waiting = undefined;
        });
        if (await waiting) return;
      }
      throw new AppError(
        "QUEUE_FULL",
        "The store of jobs is full of unfinished jobs; try again when some have ended (PIXELMESH_NATS_JOBS_MAX sets its size)",
        { retryAfterMs },
      );
    },
    noteEntered(bytes) {
      enteredBytes += bytes;
    },
  };
}
