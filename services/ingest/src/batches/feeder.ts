import type { LeaseBid } from "@pixelmesh/bus";
import { toAppError } from "@pixelmesh/errors";
import { ErrorReason } from "@pixelmesh/proto";
import type { ServiceBase } from "@pixelmesh/service";
import type { OpenJobLimiter } from "../admission/open-job-limiter.ts";
import type { JobIndex } from "../listing/job-index.ts";
import type { Orchestrator } from "../orchestrator/orchestrator.ts";
import type { JobStore } from "../stores/job-store.ts";
import type { BatchRun } from "./batch-run.ts";
import type { BatchStore } from "./batch-store.ts";
import { chooseRun, type FeedLimits } from "./choose-run.ts";
import { createFedRuns, type FedRuns, type OpenBatchJob } from "./fed-runs.ts";
import { createRunLoader } from "./run-loader.ts";
import { createRunWriter } from "./run-writer.ts";
import type { StartBatchJob } from "./start-batch-job.ts";

/** Creates the jobs of unfinished batches and notes their ends. */
export type BatchFeeder = { close(): Promise<void> };

/** Dependencies of `startBatchFeeder`. */
export type BatchFeederParts = {
  readonly base: Pick<ServiceBase, "bus" | "log" | "metrics">;
  readonly batches: BatchStore;
  readonly jobs: Pick<JobStore, "find">;
  readonly index: Pick<JobIndex, "subscribe">;
  readonly orchestrator: Pick<Orchestrator, "apply">;
  readonly limiter: Pick<OpenJobLimiter, "noteEnd">;
  readonly startJob: StartBatchJob;
  /** Ends the hold of a batch on its pictures. */
  readonly releasePictures: (run: BatchRun) => Promise<void>;
  /** Only the replica that holds the lease feeds. */
  readonly lease: Pick<LeaseBid, "isHeld">;
  readonly limits: FeedLimits;
  /** The default time to the deadline of a job. */
  readonly jobDeadlineMs: number;
};

const tickMs = 250;
const tickAtRestMs = 1_000;

/**
 * Feeds the batches of the mesh: at most a window of jobs of each is open, and the next one belongs to the batch with the fewest. It learns of ended
 * jobs from the records that this replica reads for its index. Another replica that gets the lease reads the progress records, then looks for the jobs
 * that were created and have no end.
 */
export function startBatchFeeder(parts: BatchFeederParts): BatchFeeder {
  const { base, batches, orchestrator, lease, limits } = parts;
  const { log, metrics } = base;
  const stopping = new AbortController();
  const { wake, wait } = createAlarm();
  const fed = createFedRuns();
  const loader = createRunLoader({ base, batches, orchestrator, fed, window: limits.window, onAnnounced: wake });
  const creator = createJobCreator(parts, fed, stopping.signal, wake);
  const writer = createRunWriter({ base, batches, onFinished, onLost: loader.reload });
  const unsubscribe = parts.index.subscribe((row) => {
    if (!fed.noteRow(row)) return;
    // Quick jobs would count as open for half a second, and their tenant as crowded.
    parts.limiter.noteEnd(row.tenant);
    wake();
  });

  async function onFinished(run: BatchRun, isCancelled: boolean): Promise<void> {
    fed.drop(run);
    metrics.count("pixelmesh_batches_finished_total", { outcome: isCancelled ? "cancelled" : "ended" });
    log.info({ batchId: run.spec.batchId, jobs: run.spec.sources }, "batch ended");
    await parts
      .releasePictures(run)
      .catch((error: unknown) => log.debug({ err: error }, "pictures of a batch not released"));
  }

  async function tick(): Promise<void> {
    if (lease.isHeld()) {
      await loader.readAnnounced();
      creator.createAll();
      await writer.writeDue(fed.runs.values());
      await creator.lookForEnds();
    } else {
      // Another replica feeds now.
      fed.dropAll();
      loader.reset();
    }
    metrics.set("pixelmesh_batches_open", {}, fed.runs.size);
  }

  const feeding = (async () => {
    while (!stopping.signal.aborted) {
      await tick().catch((error: unknown) => log.debug({ err: error }, "batches not fed; it is retried"));
      if (!stopping.signal.aborted) await wait(fed.runs.size > 0 ? tickMs : tickAtRestMs);
    }
  })();

  return {
    async close() {
      stopping.abort();
      wake();
      unsubscribe();
      await Promise.all([loader.close(), feeding, creator.settled()]);
    },
  };
}

/** Jobs that are being created at once. */
const concurrency = 8;
/** A batch whose job could not be created waits for this time, or for that of RetryInfo. */
const pauseMs = 1_000;
/** The record of a job is read this long after its deadline, in case its end was missed. */
const lookAfterMs = 30_000;
const lookEveryMs = 5_000;

/** Creates the jobs of the runs that have some to create. `onCreated` is called after each. */
function createJobCreator(
  { base: { log }, jobs, orchestrator, startJob, limits, jobDeadlineMs }: BatchFeederParts,
  fed: FedRuns,
  signal: AbortSignal,
  onCreated: () => void,
) {
  const creating = new Set<Promise<void>>();
  const pausedUntilMs = new WeakMap<BatchRun, number>();
  let lookedMs = performance.now();

  async function create(job: OpenBatchJob): Promise<void> {
    const { jobId, run, index, attempt, mayExist } = job;
    try {
      const end = await startJob({ spec: run.spec, index, attempt, mayExist }, signal);
      if (end) fed.noteRow({ jobId, ...end });
      else if (run.isCancelled()) await orchestrator.apply(jobId, { $case: "cancel" });
    } catch (caught) {
      const { reason, retryAfterMs = pauseMs } = toAppError(caught);
      fed.giveBack(job);
      pausedUntilMs.set(run, performance.now() + retryAfterMs);
      log.debug({ reason, batchId: run.spec.batchId }, "job of a batch not created now; it is retried");
    }
  }

  return {
    /** Begins to create jobs, as many as may be created now. */
    createAll(): void {
      while (creating.size < concurrency && !signal.aborted) {
        const nowMs = performance.now();
        const ready = [...fed.runs.values()].filter((run) => (pausedUntilMs.get(run) ?? 0) <= nowMs);
        const chosen = chooseRun(ready, limits);
        if (!chosen) return;
        const { run, next } = chosen;
        const lookMs = nowMs + (run.spec.header?.deadlineAfterMs || jobDeadlineMs) + lookAfterMs;
        const work = create(fed.openJob(run, next, lookMs)).finally(() => {
          creating.delete(work);
          onCreated();
        });
        creating.add(work);
      }
    },
    /** Reads the records of jobs that are overdue. */
    async lookForEnds(): Promise<void> {
      if (performance.now() - lookedMs < lookEveryMs) return;
      lookedMs = performance.now();
      for (const { jobId } of fed.openJobs().filter(({ lookMs }) => lookMs <= lookedMs)) {
        const found = await jobs.find(jobId).catch(() => undefined);
        if (!found) continue;
        const { state, error } = found.record;
        fed.noteRow({ jobId, state, reason: error?.reason ?? ErrorReason.UNSPECIFIED });
      }
    },
    /** Resolves when no job is being created. */
    settled: async () => void (await Promise.all(creating)),
  };
}

/** A wait that ends early. A wake-up between two waits ends the next one at once. */
function createAlarm() {
  let isRinging = false;
  let resume = () => {};
  return {
    wake(): void {
      isRinging = true;
      resume();
    },
    async wait(ms: number): Promise<void> {
      const { promise, resolve } = Promise.withResolvers<void>();
      resume = resolve;
      const timer = setTimeout(resolve, ms);
      if (!isRinging) await promise;
      clearTimeout(timer);
      isRinging = false;
    },
  };
}
