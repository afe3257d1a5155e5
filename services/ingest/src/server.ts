import { bidForLease, type LeaseBid, readBucketState } from "@pixelmesh/bus";
import type { Lifecycle } from "@pixelmesh/lifecycle";
import { DeadLetterServiceDefinition, IngestServiceDefinition, JobServiceDefinition } from "@pixelmesh/proto";
import { type CallLimits, limitCalls, type RpcConnection, type RpcServer } from "@pixelmesh/rpc";
import { announceReady, type OpenOptions, openBase, openRpc, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { openWorker, startStepWorker, toBudgetLimits } from "@pixelmesh/worker";
import { openCallerTokens } from "./adapters/caller-tokens.ts";
import { type CatalogueClient, createCatalogueClient } from "./adapters/catalogue-client.ts";
import { createBucketSpace } from "./admission/bucket-space.ts";
import { createGate } from "./admission/create-gate.ts";
import { createOpenJobLimiter } from "./admission/open-job-limiter.ts";
import type { IngestConfig } from "./config.ts";
import { openDirectServices } from "./forward/direct-services.ts";
import { openBatches } from "./open-batches.ts";
import { openCallbacks } from "./open-callbacks.ts";
import { createIntake } from "./open-intake.ts";
import { createMeasurements, type Measurements, openOrchestrator } from "./open-orchestrator.ts";
import { openSourceReader } from "./open-source-reader.ts";
import { openStores } from "./open-stores.ts";
import { startBucketEvictor } from "./reconciler/bucket-evictor.ts";
import { startReconciler } from "./reconciler/reconciler.ts";
import { createDeadLetterService } from "./rpc/dead-letters/dead-letter-service.ts";
import { createInspectImage } from "./rpc/inspect-image.ts";
import { createJobService } from "./rpc/job-service.ts";
import { createPrescaleImage } from "./rpc/prescale-image.ts";
import { createPrescaleHandler } from "./steps/prescale-step.ts";
import { openBudgetReader } from "./stores/budget-reader.ts";
import { rememberUploads } from "./stores/recent-uploads.ts";

/** CreateBatch calls in progress: each holds a few MiB of digests and names. */
const maxCreateBatchCalls = 8;
/** CancelJobs and RetryJobs calls in progress, of each: one works on 16 jobs at once. */
const maxManyCalls = 8;

/** Starts the ingest service: uploads, jobs, prescale steps. */
export async function startIngest(
  config: IngestConfig,
  life: Lifecycle,
  log: Logger,
  options: OpenOptions = {},
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const base = await openBase("ingest", config, life, log, options);
  const worker = await openWorker(base, config);
  const stores = await openStores(base, worker.scratch);
  const catalogue = openCatalogue(base, config);
  const measured = createMeasurements(worker, config);
  const callbacks = await openCallbacks(base, config);
  const orchestrator = openOrchestrator(worker, stores, measured, callbacks.keep, config);

  const { store, open } = stores;
  const lease = await openLease(base);
  const evictor = startBucketEvictor({ base, store, open, lease, limits: config });
  life.defer("evictor", evictor.close);

  const { results, blobs, limits } = worker;
  const { uploads } = worker.transfers;
  const tokens = openCallerTokens(base, config);
  const limiter = createOpenJobLimiter(open, config);
  const space = createBucketSpace({ read: () => readBucketState(base.bus, "jobs"), evictNow: evictor.runNow });
  const budgets = await openBudgetReader(base.bus, toBudgetLimits(config));
  const intake = createIntake({
    worker,
    stores,
    orchestrator,
    catalogue,
    measured,
    limiter,
    space,
    assertCallbackSpace: callbacks.assertSpace,
    budgets,
    config,
  });
  const batches = await openBatches({ worker, stores, orchestrator, limiter, intake, callbacks, config });
  const reader = openSourceReader(config, limits.maxBytes);
  const prescale = createPrescaleHandler(config);
  const recent = rememberUploads(blobs);
  const storage = connect(base, "download", config.storageAddress);
  const direct = openDirectServices({
    base,
    transfers: worker.transfers,
    operators: tokens.operators,
    config,
    ...stores,
  });

  const rpc = await openRpc(base, {
    tokens: tokens.mayCall,
    callLimits: {
      ...direct.callLimits,
      ...limitJobCalls(config, measured),
    },
    uploads,
    serviceNames: [
      JobServiceDefinition.fullName,
      DeadLetterServiceDefinition.fullName,
      IngestServiceDefinition.fullName,
      ...direct.serviceNames,
    ],
    register(server) {
      server.add(
        JobServiceDefinition,
        createJobService({
          base,
          worker: { ...worker, blobs: recent.uploading },
          stores,
          orchestrator,
          catalogue,
          measured,
          limiter,
          space,
          storage,
          config,
          budgets,
          intake,
          batchMethods: batches.methods,
          callbacks,
          reader,
        }),
      );
      const { operators } = tokens;
      server.add(
        DeadLetterServiceDefinition,
        createDeadLetterService({
          base,
          operators,
          store,
          results,
          blobs,
          limiter,
          intake,
          callbacks: callbacks.store,
        }),
      );
      server.add(IngestServiceDefinition, {
        inspectImage: createInspectImage(uploads, limits),
        prescaleImage: createPrescaleImage(worker, prescale),
      });
      direct.register(server);
    },
  });

  const events = orchestrator.listen();
  life.defer("job events", events.stop);
  const { reconcileAfterMs } = config;
  const reconciler = startReconciler({ base, store, open, orchestrator, reconcileAfterMs, lease });
  life.defer("reconciler", reconciler.close);
  await batches.start();
  callbacks.start(lease);
  await startStepWorker({ ...worker, blobs: recent.reading }, "ingest", { prescale });
  await announceReady(base, rpc);
  return { base, rpc };
}

/** Limits the calls of JobService that last, carry pictures or change many jobs. */
function limitJobCalls(config: IngestConfig, { stats }: Measurements): CallLimits {
  const { fullName } = JobServiceDefinition;
  return {
    [`/${fullName}/CreateJob`]: createGate(config.maxCreateCalls, () => stats.recordRefused("QUEUE_FULL")),
    [`/${fullName}/UploadPicture`]: createGate(
      config.maxCreateCalls,
      () => {},
      (calls) => `receives ${calls} pictures`,
    ),
    [`/${fullName}/FindPictures`]: createGate(
      config.maxCreateCalls,
      () => {},
      (calls) => `looks for pictures in ${calls} calls`,
    ),
    [`/${fullName}/CreateBatch`]: createGate(
      maxCreateBatchCalls,
      () => {},
      (calls) => `creates ${calls} batches`,
    ),
    [`/${fullName}/CancelJobs`]: limitCalls(maxManyCalls),
    [`/${fullName}/RetryJobs`]: limitCalls(maxManyCalls),
    [`/${fullName}/WatchJob`]: limitCalls(config.maxWatches),
    [`/${fullName}/WatchBatch`]: limitCalls(config.maxBatchWatches),
  };
}

/** Connects to a service; the lifecycle closes the connection. */
function connect(base: ServiceBase, name: string, address: string): RpcConnection {
  const connection = base.connect(address);
  base.life.defer(`${name} connection`, connection.close);
  return connection;
}

function openCatalogue(base: ServiceBase, config: IngestConfig): CatalogueClient {
  const upscale = connect(base, "upscale", config.upscaleAddress);
  const background = connect(base, "background", config.backgroundAddress);
  const effects = connect(base, "effects", config.effectsAddress);
  const remote = config.remoteAddress === "" ? undefined : connect(base, "remote", config.remoteAddress);
  return createCatalogueClient({ upscale, background, effects, remote }, base);
}

/** Bids for the lease of the reconciler, which only one replica holds. */
async function openLease({ bus, worker, life, metrics }: ServiceBase): Promise<LeaseBid> {
  const lease = await bidForLease(bus, "reconciler", `${worker}-${process.pid}-${Date.now()}`);
  life.defer("lease", lease.close);
  life.defer(
    "lease metrics",
    metrics.onPage(() => metrics.set("pixelmesh_lease_held", { lease: "reconciler" }, lease.isHeld() ? 1 : 0)),
  );
  return lease;
}
