import { bidForLease, type LeaseBid, readBucketState } from "@pixelmesh/bus";
import type { Lifecycle } from "@pixelmesh/lifecycle";
import { DeadLetterServiceDefinition, IngestServiceDefinition, JobServiceDefinition } from "@pixelmesh/proto";
import { limitCalls, type RpcConnection, type RpcServer } from "@pixelmesh/rpc";
import { announceReady, type OpenOptions, openBase, openRpc, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { openWorker, startStepWorker } from "@pixelmesh/worker";
import { openCallerTokens } from "./adapters/caller-tokens.ts";
import { type CatalogueClient, createCatalogueClient } from "./adapters/catalogue-client.ts";
import { createBucketSpace } from "./admission/bucket-space.ts";
import { createGate } from "./admission/create-gate.ts";
import { createOpenJobLimiter } from "./admission/open-job-limiter.ts";
import type { IngestConfig } from "./config.ts";
import { openDirectServices } from "./forward/direct-services.ts";
import { createMeasurements, openOrchestrator } from "./open-orchestrator.ts";
import { openStores } from "./open-stores.ts";
import { startBucketEvictor } from "./reconciler/bucket-evictor.ts";
import { startReconciler } from "./reconciler/reconciler.ts";
import { createDeadLetterService } from "./rpc/dead-letters/dead-letter-service.ts";
import { createInspectImage } from "./rpc/inspect-image.ts";
import { createJobService } from "./rpc/job-service.ts";
import { createPrescaleImage } from "./rpc/prescale-image.ts";
import { createPrescaleHandler } from "./steps/prescale-step.ts";

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
  const orchestrator = openOrchestrator(worker, stores, measured, config);

  const { store, open } = stores;
  const lease = await openLease(base);
  const evictor = startBucketEvictor({ base, store, open, lease, limits: config });
  life.defer("evictor", evictor.close);

  const { results, blobs, limits } = worker;
  const { uploads } = worker.transfers;
  const tokens = openCallerTokens(base, config);
  const limiter = createOpenJobLimiter(open, config);
  const space = createBucketSpace({ read: () => readBucketState(base.bus, "jobs"), evictNow: evictor.runNow });
  const prescale = createPrescaleHandler(config);
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
      [`/${JobServiceDefinition.fullName}/CreateJob`]: createGate(config.maxCreateCalls, () =>
        measured.stats.recordRefused("QUEUE_FULL"),
      ),
      [`/${JobServiceDefinition.fullName}/WatchJob`]: limitCalls(config.maxWatches),
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
          worker,
          stores,
          orchestrator,
          catalogue,
          measured,
          limiter,
          space,
          storage,
          config,
        }),
      );
      const { operators } = tokens;
      server.add(
        DeadLetterServiceDefinition,
        createDeadLetterService({ base, operators, store, results, blobs, limiter, orchestrator }),
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
  await startStepWorker(worker, "ingest", { prescale });
  await announceReady(base, rpc);
  return { base, rpc };
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
  return createCatalogueClient({ upscale, background, effects }, base);
}

/** Bids for the lease of the reconciler, which only one replica holds. */
async function openLease({ bus, worker, life }: ServiceBase): Promise<LeaseBid> {
  const lease = await bidForLease(bus, "reconciler", `${worker}-${process.pid}-${Date.now()}`);
  life.defer("lease", lease.close);
  return lease;
}
