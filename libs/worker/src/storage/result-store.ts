import { type Bus, type Entry, openStore } from "@pixelmesh/bus";
import { AppError, toAppError } from "@pixelmesh/errors";
import { type Asker, doneEntry, failedEntry, isClaimedBy, releasedEntry } from "@pixelmesh/pipeline";
import { BlobKind, type JobError, ResultEntry, type StepResult } from "@pixelmesh/proto";
import type { BlobClient, Keep } from "./blob-client.ts";

/** What is known of step keys: results, failures and claims. Every write is by compare-and-set. */
export type Results = {
  read(key: string): Promise<Entry<ResultEntry> | undefined>;
  /** Writes over what was read (undefined: nothing); false when another was first. Throws QUEUE_FULL when there is no room. */
  write(key: string, value: ResultEntry, read: Entry<ResultEntry> | undefined): Promise<boolean>;
  /**
   * Adds a result to what is stored under the key; whoever held a claim has it fulfilled. A result for which there is no room
   * is not kept: the event that tells of it carries it too.
   */
  store(key: string, result: StepResult, nowUnixMs: number): Promise<void>;
  /** Keeps a failure that equal steps would share; any other one, or one beside a result, is not kept. */
  refuse(key: string, error: JobError, nowUnixMs: number): Promise<void>;
  /** Forgets a failure that was kept, so that equal steps are tried again. */
  forgive(key: string): Promise<void>;
  /** Gives up a step's claim, where it has one. */
  release(key: string, asker: Pick<Asker, "jobId" | "stepId">): Promise<void>;
};

const maxRounds = 20;

/** What could not be kept, as it is counted. */
type Unkept = "claim" | "result" | "failure" | "release";

/** Runs a write of the result cache; a cache without room costs the entry, never the job. Answers undefined then. */
export async function orUnkept<T>({ metrics, log }: Bus, what: Unkept, writing: Promise<T>): Promise<T | undefined> {
  try {
    return await writing;
  } catch (error) {
    if (toAppError(error).reason !== "QUEUE_FULL") throw error;
    metrics.count("pixelmesh_results_not_kept_total", { what });
    log.debug({ err: error, what }, "the result cache is full; the job goes on without an entry");
    return undefined;
  }
}

/** The bucket `results`. */
export async function createResults(bus: Bus): Promise<Results> {
  const store = await openStore(bus, "results", ResultEntry);

  async function write(key: string, value: ResultEntry, read: Entry<ResultEntry> | undefined): Promise<boolean> {
    return (await (read ? store.update(key, value, read.revision) : store.create(key, value))) !== undefined;
  }

  /** Repeats `change` until nobody was faster; it answers whether it wrote, or that nothing is to be written. */
  async function settle(key: string, change: (read: Entry<ResultEntry> | undefined) => Promise<boolean>) {
    for (let round = 0; round < maxRounds; round++) if (await change(await store.get(key))) return;
    throw new AppError("BROKER_UNAVAILABLE", "The stored result kept changing while it was written");
  }

  return {
    read: store.get,
    write,
    store: (key, result, nowUnixMs) =>
      orUnkept(
        bus,
        "result",
        settle(key, (read) => write(key, doneEntry(read?.value, result, nowUnixMs), read)),
      ),
    refuse: (key, error, nowUnixMs) =>
      orUnkept(
        bus,
        "failure",
        settle(key, async (read) => {
          const entry = failedEntry(read?.value, error, nowUnixMs);
          return !entry || write(key, entry, read);
        }),
      ),
    forgive: (key) =>
      settle(key, async (read) => read?.value.state?.$case !== "failed" || store.deleteAt(key, read.revision)),
    // A claim that stays is dead once its step has ended.
    release: (key, asker) =>
      orUnkept(
        bus,
        "release",
        settle(key, async (read) => {
          if (!read || !isClaimedBy(read.value, asker)) return true;
          const before = releasedEntry(read.value);
          return before ? write(key, before, read) : store.deleteAt(key, read.revision);
        }),
      ),
  };
}

/** Whom a result is kept for and for how long. A WorkItem is one. */
export type ResultKeep = {
  readonly jobId: string;
  /** Frames are needed until then. */
  readonly deadlineUnixMs: number;
  /** Outputs are promised until then. */
  readonly keepUntilUnixMs: number;
};

/** How long a frame is kept past the deadline of its job: clocks differ. */
const frameMarginMs = 60_000;

/** How the raw pixels of a step are kept: for as long as the job that needs them may be open. */
export function toFrameKeep({ jobId, deadlineUnixMs, keepUntilUnixMs }: ResultKeep): Keep {
  const untilMs = deadlineUnixMs > 0 ? Math.min(deadlineUnixMs + frameMarginMs, keepUntilUnixMs) : keepUntilUnixMs;
  return { kind: BlobKind.FRAME, jobId, keepUntilUnixMs: untilMs };
}

/** How an output is kept. */
export function toOutputKeep({ jobId, keepUntilUnixMs }: ResultKeep): Keep {
  return { kind: BlobKind.OUTPUT, jobId, keepUntilUnixMs };
}

/** Whether every blob of a result is still there and has its digest; they are kept from then on. */
export async function keepResult(blobs: BlobClient, result: StepResult, keep: ResultKeep): Promise<boolean> {
  const keeps = new Map<string, Keep>();
  if (result.frame) keeps.set(result.frame.sha256, toFrameKeep(keep));
  for (const { blob } of result.outputs) if (blob) keeps.set(blob.sha256, toOutputKeep(keep));
  const found = await Promise.all([...keeps].map(([sha256, how]) => blobs.extend(sha256, how)));
  return found.every(Boolean);
}
