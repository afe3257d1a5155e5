import { bidForLease } from "@pixelmesh/bus";
import type { WorkerParts } from "@pixelmesh/worker";
import type { OpenJobLimiter } from "./admission/open-job-limiter.ts";
import { createBatchFeeds } from "./batches/batch-feed.ts";
import { openBatchStore } from "./batches/batch-store.ts";
import type { FeedLimits } from "./batches/choose-run.ts";
import { readBatchFill, startBatchEvictor } from "./batches/evict-batches.ts";
import { startBatchFeeder } from "./batches/feeder.ts";
import { createReleasePictures } from "./batches/release-pictures.ts";
import { createStartBatchJob } from "./batches/start-batch-job.ts";
import type { IngestConfig } from "./config.ts";
import type { Callbacks } from "./open-callbacks.ts";
import type { Intake } from "./open-intake.ts";
import type { Stores } from "./open-stores.ts";
import type { Orchestrator } from "./orchestrator/orchestrator.ts";
import { createBatchMethods } from "./rpc/batches/batch-methods.ts";

/** The batches of a replica: the handlers of their calls, and the feeder, which works on the replica that holds the lease. */
export type Batches = {
  readonly methods: ReturnType<typeof createBatchMethods>;
  /** Starts the feeder and the evictor; the lifecycle closes them. */
  start(): Promise<void>;
};

/** Dependencies of `openBatches`. */
export type BatchesParts = {
  readonly worker: WorkerParts;
  readonly stores: Stores;
  readonly orchestrator: Orchestrator;
  readonly limiter: OpenJobLimiter;
  readonly intake: Intake;
  readonly callbacks: Pick<Callbacks, "assertAllowed">;
  readonly config: IngestConfig;
};

/** Opens the bucket of batches. */
export async function openBatches(parts: BatchesParts): Promise<Batches> {
  const { worker, stores, orchestrator, limiter, config } = parts;
  const { inspect, planning, accept } = parts.intake;
  const { base, blobs, limits } = worker;
  const { bus, life, log, metrics } = base;
  const { uploads } = worker.transfers;
  const { jobDeadlineMs } = config;
  const jobs = stores.store;
  const batches = await openBatchStore(bus);
  const feeds = createBatchFeeds(bus, batches);
  life.defer("watched batches", feeds.close);
  const sources = { blobs, uploads, limits, inspect, known: stores.pictures };
  const startJob = createStartBatchJob({ batches, jobs, sources, blobs, limiter, planning, accept, jobDeadlineMs });
  return {
    methods: createBatchMethods({
      log,
      metrics,
      batches,
      feeds,
      jobs,
      sources,
      planning,
      pictures: { blobs, uploads, limits, inspect },
      known: stores.pictures,
      releaseBlobs: (jobId) => blobs.release(jobId),
      readFill: () => readBatchFill(bus),
      assertCallback: parts.callbacks.assertAllowed,
      limits: config,
    }),
    async start() {
      const lease = await bidForLease(bus, "batches", `${base.worker}-${process.pid}-${Date.now()}`);
      life.defer("lease of batches", lease.close);
      const feeder = startBatchFeeder({
        base,
        batches,
        jobs,
        index: stores.index,
        orchestrator,
        limiter,
        startJob,
        releasePictures: createReleasePictures(batches, blobs),
        lease,
        limits: toFeedLimits(config),
        jobDeadlineMs,
      });
      life.defer("feeder of batches", feeder.close);
      const evictor = startBatchEvictor({ base, batches, lease });
      life.defer("evictor of batches", evictor.close);
    },
  };
}

/**
 * Leaves half of the open jobs of the mesh and of each tenant to other calls. The jobs of a tenant's batches are at most half of those with which its
 * other jobs stay interactive.
 */
function toFeedLimits(config: IngestConfig): FeedLimits {
  const { batchWindow, interactivePerTenant, maxOpenJobsPerTenant, maxOpenJobs } = config;
  const perTenant = Math.min(interactivePerTenant, maxOpenJobsPerTenant) / 2;
  return {
    window: batchWindow,
    perTenant: Math.max(1, Math.floor(perTenant)),
    all: Math.max(1, Math.floor(maxOpenJobs / 2)),
  };
}
