import { publishChanged } from "@pixelmesh/bus";
import { AppError } from "@pixelmesh/errors";
import { isJobEnded, type JobChange, reduceJob, spentFrames } from "@pixelmesh/pipeline";
import type { JobRecord } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import type { BlobClient } from "@pixelmesh/worker";
import type { JobCache } from "../stores/job-cache.ts";
import type { JobStore, StoredJob } from "../stores/job-store.ts";

/** Dependencies of `createRecordWriter`. */
export type RecordWriterParts = {
  readonly base: Pick<ServiceBase, "bus" | "metrics" | "log">;
  readonly store: Pick<JobStore, "find" | "update">;
  readonly cache: JobCache;
  readonly blobs: Pick<BlobClient, "release">;
  /** Called with each record that this replica wrote. */
  readonly onWritten: (job: StoredJob) => void;
};

/** A job after its changes were written. */
export type WrittenJob = {
  readonly job: StoredJob;
  /** Whether this write ended the job. */
  readonly hasEnded: boolean;
};

/** Writes job records by compare-and-set. */
export type RecordWriter = {
  /**
   * Applies changes to a record and writes it once; returns the same job if the changes have no effect. Throws JOB_NOT_FOUND if the
   * record is gone, and BROKER_UNAVAILABLE after 50 conflicts.
   */
  write(job: StoredJob, changes: readonly JobChange[]): Promise<WrittenJob>;
};

const maxRounds = 50;

/** Creates a writer that announces each written record and releases the frames that no further step needs. */
export function createRecordWriter({ base, store, cache, blobs, onWritten }: RecordWriterParts): RecordWriter {
  const { bus, metrics, log } = base;

  function publishWritten(before: JobRecord, job: StoredJob): void {
    const { spec, record, revision } = job;
    cache.set(job);
    onWritten(job);
    publishChanged(bus, spec.jobId, revision);
    if (!isJobEnded(record.state)) releaseFrames(spec.jobId, spentFrames(spec, before, record));
  }

  /** Not awaited: without it, storage may delete the frames when the job has ended. */
  function releaseFrames(jobId: string, frames: readonly string[]): void {
    if (frames.length === 0) return;
    blobs.release(jobId, frames).catch((error: unknown) => log.debug({ err: error, jobId }, "frames not released"));
  }

  return {
    async write(job, changes) {
      let current = job;
      for (let round = 0; round < maxRounds; round++) {
        const { spec } = current;
        const record = applyChanges(current, changes);
        if (record === current.record) return { job: current, hasEnded: false };
        const revision = await store.update(record, current.revision);
        if (revision !== undefined) {
          const written = { spec, record, revision };
          publishWritten(current.record, written);
          return { job: written, hasEnded: isJobEnded(record.state) && !isJobEnded(current.record.state) };
        }
        metrics.count("pixelmesh_job_state_conflicts_total", {});
        const fresh = await store.find(spec.jobId);
        if (!fresh) {
          // The next event of the job finds no record and is dropped. Otherwise it would be repeated without end.
          cache.remove(spec.jobId);
          throw new AppError("JOB_NOT_FOUND", "The job's record is gone");
        }
        current = fresh;
      }
      throw new AppError("BROKER_UNAVAILABLE", "The job's record kept changing while it was written");
    },
  };
}

/** Returns the record after the changes, applied in their order; the same object if they have no effect. */
export function applyChanges({ spec, record }: StoredJob, changes: readonly JobChange[]): JobRecord {
  return changes.reduce((current, change) => reduceJob(spec, current, change, Date.now()), record);
}
