import { join } from "node:path";
import { bidForLease, readBucketState } from "@pixelmesh/bus";
import type { Lifecycle } from "@pixelmesh/lifecycle";
import { createRateBook } from "@pixelmesh/pipeline";
import { DeadLetterServiceDefinition, IngestServiceDefinition, JobServiceDefinition, JobState } from "@pixelmesh/proto";
import { boundCalls, type RpcServer } from "@pixelmesh/rpc";
import { announceReady, type OpenOptions, openBase, openRpc, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { openWorker, startStepWorker } from "@pixelmesh/worker";
import { openCallerTokens } from "./adapters/caller-tokens.ts";
import { createCatalogueSource } from "./adapters/catalogue-client.ts";
import { createStoreRoom } from "./admission/bucket-space.ts";
import { createGate } from "./admission/create-gate.ts";
import { createAdmission } from "./admission/job-limits.ts";
import { createLoadWatch } from "./admission/load-monitor.ts";
import type { IngestConfig } from "./config.ts";
import { createStatsBook } from "./domain/stats-book.ts";
import { openJobIndex } from "./listing/job-index.ts";
import { createJobTable } from "./listing/job-table.ts";
import { createOrchestrator } from "./orchestrator/orchestrator.ts";
import { createSingleFlight } from "./orchestrator/single-flight.ts";
import { startKeeper } from "./reconciler/bucket-eviction.ts";
import { startReconciler } from "./reconciler/reconciler.ts";
import { createBatch, watchBatch } from "./rpc/batches.ts";
import { createCancelJob } from "./rpc/cancel-job.ts";
import { createCreateJob } from "./rpc/create-job.ts";
import { createDropDeadLetter } from "./rpc/dead-letters/drop-dead-letter.ts";
import { createGetDeadLetter } from "./rpc/dead-letters/get-dead-letter.ts";
import { createListDeadLetters } from "./rpc/dead-letters/list-dead-letters.ts";
import { createReplayDeadLetter } from "./rpc/dead-letters/replay-dead-letter.ts";
import { createDownloadOutput } from "./rpc/download-output.ts";
import { createGetJob } from "./rpc/get-job.ts";
import { createGetStats } from "./rpc/get-stats.ts";
import { createInspectImage } from "./rpc/inspect-image.ts";
import { createListJobs } from "./rpc/list-jobs.ts";
import type { JobParts } from "./rpc/parts.ts";
import { createPrescaleImage } from "./rpc/prescale-image.ts";
import { createProxies } from "./rpc/proxies.ts";
import { repeatable } from "./rpc/repeatable.ts";
import { createWatchJob } from "./rpc/watch-job.ts";
import { createPrescaleHandler } from "./steps/prescale-step.ts";
import { openJobStore, type StoredJob } from "./stores/job-store.ts";
import { createKnownPictures } from "./stores/known-pictures.ts";
import { openOpenJobs } from "./stores/open-jobs.ts";
import { openWaits } from "./stores/waiters.ts";
import { openWatchers } from "./watch/watchers.ts";

/** Starts the ingest service: uploads, the life of jobs, prescale steps. */
export async function startIngest(
  config: IngestConfig,
  life: Lifecycle,
  log: Logger,
  options: OpenOptions = {},
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const base = await openBase("ingest", config, life, log, options);
  const worker = await openWorker(base, config);
  const store = await openJobStore(base.bus);
  let tables = 0;
  const watchers = await openWatchers(base.bus, store);
  life.defer("watchers", watchers.close);
  const index = openJobIndex({
    bus: base.bus,
    store,
    createTable: async () => createJobTable(join(await worker.scratch.directory(), `jobs-${tables++}.db`)),
  });
  life.defer("index of jobs", index.close);
  const pictures = createKnownPictures({
    store,
    async jobIds(tenant, before, limit) {
      await index.ready();
      return index.page(tenant, JobState.UNSPECIFIED, before, limit).map(({ jobId }) => jobId);
    },
  });

  const connect = (name: string, address: string) => {
    const connection = base.connect(address);
    life.defer(`${name} connection`, connection.close);
    return connection;
  };
  const catalogue = createCatalogueSource(
    {
      upscale: connect("upscale", config.upscaleAddress),
      background: connect("background", config.backgroundAddress),
      effects: connect("effects", config.effectsAddress),
    },
    base,
  );
  const rates = createRateBook();
  const { bus, metrics } = base;
  const { results, blobs, limits } = worker;
  const [open, waits] = await Promise.all([openOpenJobs(bus), openWaits(bus)]);
  const flight = createSingleFlight({ bus, store, results, waits, blobs, metrics });
  const { outputLifeMs, reconcileAfterMs } = config;
  const stats = createStatsBook();
  const shared = {
    base,
    bus,
    log,
    store,
    results,
    blobs,
    open,
    waits,
    flight,
    rates,
    stats,
    outputLifeMs,
    reconcileAfterMs,
  };
  const load = createLoadWatch(worker.scheduler, config.adaptCpuLoad, log);
  const onWritten = (job: StoredJob) => {
    watchers.note(job);
    index.note(job);
  };
  const orchestrator = createOrchestrator({ ...shared, load, onWritten });
  const lease = await bidForLease(bus, "reconciler", `${base.worker}-${process.pid}-${Date.now()}`);
  life.defer("lease", lease.close);
  const keeper = startKeeper({ base, store, open, lease, limits: config });
  life.defer("keeper", keeper.close);
  const tokens = openCallerTokens(base, config);
  const parts: JobParts = {
    base,
    store,
    index,
    pictures,
    orchestrator,
    open,
    room: createStoreRoom({ read: () => readBucketState(bus, "jobs"), hurry: keeper.hurry }),
    admission: createAdmission(open, config),
    interactivePerTenant: config.interactivePerTenant,
    watchers,
    catalogue,
    blobs,
    results,
    ...worker.transfers,
    limits,
    rates,
    load,
    stats,
    operators: tokens.operators,
    jobDeadlineMs: config.jobDeadlineMs,
    outputLifeMs,
  };
  const prescale = createPrescaleHandler(config);
  const storage = connect("download", config.storageAddress);

  const rpc = await openRpc(base, {
    tokens: tokens.mayCall,
    callLimits: {
      [`/${JobServiceDefinition.fullName}/CreateJob`]: createGate(config.maxCreateCalls, () =>
        stats.noteRefused("QUEUE_FULL"),
      ),
      [`/${JobServiceDefinition.fullName}/WatchJob`]: boundCalls(config.maxWatches),
    },
    uploads: parts.uploads,
    serviceNames: [
      JobServiceDefinition.fullName,
      DeadLetterServiceDefinition.fullName,
      IngestServiceDefinition.fullName,
    ],
    register(server) {
      server.add(JobServiceDefinition, {
        createJob: createCreateJob(parts),
        getJob: repeatable(log, createGetJob(parts)),
        listJobs: repeatable(log, createListJobs(parts)),
        watchJob: createWatchJob(parts),
        cancelJob: repeatable(log, createCancelJob(parts)),
        downloadOutput: createDownloadOutput(parts, storage),
        createBatch,
        watchBatch,
        getStats: createGetStats(parts, { scheduler: worker.scheduler, storage }),
        ...createProxies(parts, worker.scheduler),
      });
      server.add(DeadLetterServiceDefinition, {
        listDeadLetters: createListDeadLetters(parts),
        getDeadLetter: createGetDeadLetter(parts),
        replayDeadLetter: createReplayDeadLetter(parts),
        dropDeadLetter: createDropDeadLetter(parts),
      });
      server.add(IngestServiceDefinition, {
        inspectImage: createInspectImage(parts),
        prescaleImage: createPrescaleImage(worker, prescale),
      });
    },
  });
  const events = orchestrator.listen();
  life.defer("job events", events.stop);
  const reconciler = startReconciler({ base, store, open, orchestrator, reconcileAfterMs, lease });
  life.defer("reconciler", reconciler.close);
  await startStepWorker(worker, "ingest", { prescale });
  await announceReady(base, rpc);
  return { base, rpc };
}
