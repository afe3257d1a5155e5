import { type Bus, type Entry, openStore } from "@pixelmesh/bus";
import { AppError, toAppError } from "@pixelmesh/errors";
import { doneEntry, failedEntry, isClaimedBy, type ResultRequest, releasedEntry } from "@pixelmesh/pipeline";
import { BlobKind, type JobError, ResultEntry, type StepResult } from "@pixelmesh/proto";
import type { BlobClient, BlobRetention } from "./blob-client.ts";

/** The result cache: results, failures and claims by result key. All writes are compare-and-set. */
export type ResultCache = {
  read(key: string): Promise<Entry<ResultEntry> | undefined>;
  /** Replaces the entry that was read (undefined: none). Returns false if it has changed. Throws QUEUE_FULL if the bucket is full. */
  write(key: string, value: ResultEntry, read: Entry<ResultEntry> | undefined): Promise<boolean>;
  /**
   * Merges a result into the entry, or replaces the stored result, which fulfils any claim. If the bucket is full, the result is dropped: its event
   * carries it too.
   */
  store(key: string, result: StepResult, nowUnixMs: number, options: { readonly replace: boolean }): Promise<void>;
  /** Stores a deterministic failure for equal steps. Ignores other failures, and any failure if the entry has a result. */
  storeFailure(key: string, error: JobError, nowUnixMs: number): Promise<void>;
  /** Removes a stored failure, so that equal steps run again. */
  removeFailure(key: string): Promise<void>;
  /** Releases the claim of a step, if it has one. */
  releaseClaim(key: string, asker: Pick<ResultRequest, "jobId" | "stepId">): Promise<void>;
};

const maxRounds = 20;

/** Kind of a cache write, for its metric. */
type CacheWrite = "claim" | "result" | "failure" | "release";

/** Awaits a write of the result cache. If the cache is full, it counts that and returns undefined: the job goes on without the entry. */
export async function ignoreFullCache<T>(
  { metrics, log }: Bus,
  what: CacheWrite,
  writing: Promise<T>,
): Promise<T | undefined> {
  try {
    return await writing;
  } catch (error) {
    if (toAppError(error).reason !== "QUEUE_FULL") throw error;
    metrics.count("pixelmesh_results_not_kept_total", { what });
    log.debug({ err: error, what }, "the result cache is full; the job goes on without an entry");
    return undefined;
  }
}

/** Opens the result cache in the bucket `results`. */
export async function openResultCache(bus: Bus): Promise<ResultCache> {
  const store = await openStore(bus, "results", ResultEntry);

  async function write(key: string, value: ResultEntry, read: Entry<ResultEntry> | undefined): Promise<boolean> {
    return (await (read ? store.update(key, value, read.revision) : store.create(key, value))) !== undefined;
  }

  /** Retries `change` until it returns true: it wrote the entry, or has nothing to write. Throws BROKER_UNAVAILABLE after 20 conflicts. */
  async function changeEntry(key: string, change: (read: Entry<ResultEntry> | undefined) => Promise<boolean>) {
    for (let round = 0; round < maxRounds; round++) if (await change(await store.get(key))) return;
    throw new AppError("BROKER_UNAVAILABLE", "The stored result kept changing while it was written");
  }

  return {
    read: store.get,
    write,
    store: (key, result, nowUnixMs, { replace }) =>
      ignoreFullCache(
        bus,
        "result",
        changeEntry(key, (read) => write(key, doneEntry(replace ? undefined : read?.value, result, nowUnixMs), read)),
      ),
    storeFailure: (key, error, nowUnixMs) =>
      ignoreFullCache(
        bus,
        "failure",
        changeEntry(key, async (read) => {
          const entry = failedEntry(read?.value, error, nowUnixMs);
          return !entry || write(key, entry, read);
        }),
      ),
    removeFailure: (key) =>
      changeEntry(key, async (read) => read?.value.state?.$case !== "failed" || store.deleteAt(key, read.revision)),
    // If this fails, the claim is dead anyway once its step has ended.
    releaseClaim: (key, asker) =>
      ignoreFullCache(
        bus,
        "release",
        changeEntry(key, async (read) => {
          if (!read || !isClaimedBy(read.value, asker)) return true;
          const before = releasedEntry(read.value);
          return before ? write(key, before, read) : store.deleteAt(key, read.revision);
        }),
      ),
  };
}

/** The job that needs a result, and for how long. A WorkItem has these fields. */
export type ResultRetention = {
  readonly jobId: string;
  /** Frames are needed until the deadline. */
  readonly deadlineUnixMs: number;
  /** Outputs are kept until this time. */
  readonly keepUntilUnixMs: number;
};

/** How long a frame is kept after the deadline of its job, because clocks differ. */
const frameMarginMs = 60_000;

/** Retention of a step's frame: until the job that needs it must have ended. */
export function toFrameRetention({ jobId, deadlineUnixMs, keepUntilUnixMs }: ResultRetention): BlobRetention {
  const untilMs = deadlineUnixMs > 0 ? Math.min(deadlineUnixMs + frameMarginMs, keepUntilUnixMs) : keepUntilUnixMs;
  return { kind: BlobKind.FRAME, jobId, keepUntilUnixMs: untilMs };
}

/** Retention of an output. */
export function toOutputRetention({ jobId, keepUntilUnixMs }: ResultRetention): BlobRetention {
  return { kind: BlobKind.OUTPUT, jobId, keepUntilUnixMs };
}

const slowestFirst = ["cold", "warm", "directory", "hot"];

/**
 * Extends the retention of every blob of a result that is used again, and tells storage what that saves. Returns the slowest tier that holds one of
 * them (empty: unknown), or undefined unless all exist and have their digests.
 */
export async function reuseBlobs(
  blobs: Pick<BlobClient, "reuse">,
  result: StepResult,
  retention: ResultRetention,
): Promise<{ readonly tier: string } | undefined> {
  // 0 means that the time is unknown. Storage takes at most 24 hours.
  const { runMs } = result.provenance ?? {};
  const savedMs = runMs === undefined ? 0 : Math.min(24 * 3_600_000, Math.max(1, runMs));
  const retentions = new Map<string, BlobRetention>();
  if (result.frame) retentions.set(result.frame.sha256, { ...toFrameRetention(retention), savedMs });
  for (const { blob } of result.outputs)
    if (blob) retentions.set(blob.sha256, { ...toOutputRetention(retention), savedMs });
  const found = await Promise.all([...retentions].map(([sha256, each]) => blobs.reuse(sha256, each)));
  if (!found.every((each) => each !== undefined)) return undefined;
  const tiers = new Set(found.map(({ tier }) => tier));
  return { tier: slowestFirst.find((tier) => tiers.has(tier)) ?? "" };
}
