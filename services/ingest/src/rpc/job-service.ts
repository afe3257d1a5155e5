import type { RpcConnection } from "@pixelmesh/rpc";
import type { ServiceBase } from "@pixelmesh/service";
import type { WorkerParts } from "@pixelmesh/worker";
import type { CatalogueClient } from "../adapters/catalogue-client.ts";
import type { SourceReader } from "../adapters/source-reader.ts";
import type { BucketSpace } from "../admission/bucket-space.ts";
import type { OpenJobLimiter } from "../admission/open-job-limiter.ts";
import type { IngestConfig } from "../config.ts";
import type { Callbacks } from "../open-callbacks.ts";
import type { Intake } from "../open-intake.ts";
import type { Measurements } from "../open-orchestrator.ts";
import type { Stores } from "../open-stores.ts";
import type { Orchestrator } from "../orchestrator/orchestrator.ts";
import type { BudgetReader } from "../stores/budget-reader.ts";
import type { createBatchMethods } from "./batches/batch-methods.ts";
import { createListCallbacks } from "./callbacks/list-callbacks.ts";
import { createRetryCallback } from "./callbacks/retry-callback.ts";
import { createCancelJob } from "./cancel-job.ts";
import { createCancelJobs } from "./cancel-jobs.ts";
import { createCreateJob } from "./create-job/create-job.ts";
import { createDownloadOutput } from "./download-output.ts";
import { createEstimateCost } from "./estimate-cost.ts";
import { createFindPictures } from "./find-pictures.ts";
import { createGetJob } from "./get-job.ts";
import { createGetStats } from "./get-stats.ts";
import { createListFeatures } from "./list-features.ts";
import { createListJobs } from "./list-jobs.ts";
import { createProxies } from "./proxies.ts";
import { repeatable } from "./repeatable.ts";
import { createRetryJobs } from "./retry-jobs.ts";
import { createWarmResults } from "./warm-results.ts";
import { createWatchJob } from "./watch-job.ts";

/** Dependencies of `createJobService`. */
export type JobServiceParts = {
  readonly base: ServiceBase;
  readonly worker: WorkerParts;
  readonly stores: Stores;
  readonly orchestrator: Orchestrator;
  readonly catalogue: CatalogueClient;
  readonly measured: Measurements;
  readonly limiter: OpenJobLimiter;
  readonly space: BucketSpace;
  /** A connection for reading outputs. */
  readonly storage: RpcConnection;
  readonly config: Pick<IngestConfig, "jobDeadlineMs">;
  readonly budgets: BudgetReader;
  readonly intake: Intake;
  readonly batchMethods: ReturnType<typeof createBatchMethods>;
  readonly callbacks: Pick<Callbacks, "store" | "assertAllowed">;
  readonly reader: SourceReader;
};

/** Creates the handlers of JobService. */
export function createJobService(parts: JobServiceParts) {
  const { base, worker, stores, orchestrator, catalogue, measured, limiter, space, storage, config } = parts;
  const { store, index, watchers } = stores;
  const { blobs, limits, results, scheduler } = worker;
  const { uploads, downloads } = worker.transfers;
  const { stats } = measured;
  const { inspect, planning, accept } = parts.intake;
  const { callbacks, reader } = parts;
  return {
    createJob: createCreateJob({
      base,
      store,
      accept,
      watchers,
      limiter,
      space,
      pictures: {
        blobs,
        uploads,
        limits,
        inspect,
        reader,
        known: stores.pictures,
        keepSmall: (jobId, sha256, bytes) => stores.smallPictures.keep(jobId, sha256, bytes, limiter.openJobs()),
      },
      planning,
      assertCallback: callbacks.assertAllowed,
      stats,
      jobDeadlineMs: config.jobDeadlineMs,
    }),
    getJob: repeatable(base.log, createGetJob(store, watchers)),
    listJobs: repeatable(base.log, createListJobs({ store, index, watchers })),
    watchJob: createWatchJob(watchers),
    cancelJob: repeatable(base.log, createCancelJob({ store, orchestrator, watchers })),
    cancelJobs: createCancelJobs({ base, store, index, orchestrator }),
    retryJobs: createRetryJobs({ base, store, index, blobs, results, limiter, intake: parts.intake }),
    downloadOutput: createDownloadOutput({ store, watchers, downloads, storage }),
    findPictures: createFindPictures({ blobs, known: stores.pictures }),
    ...parts.batchMethods,
    listCallbacks: repeatable(base.log, createListCallbacks(callbacks.store)),
    retryCallback: repeatable(base.log, createRetryCallback(callbacks.store)),
    warmResults: createWarmResults({
      bus: base.bus,
      known: stores.pictures,
      planning,
      results,
      storage,
      jobDeadlineMs: config.jobDeadlineMs,
    }),
    getStats: createGetStats({ base, stats, scheduler, storage }),
    ...createProxies(catalogue, scheduler),
    listFeatures: createListFeatures(planning),
    estimateCost: repeatable(
      base.log,
      createEstimateCost({ planning, budgets: parts.budgets, jobDeadlineMs: config.jobDeadlineMs }),
    ),
  };
}
