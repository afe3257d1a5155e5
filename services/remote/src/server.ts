import { openStore } from "@pixelmesh/bus";
import type { Lifecycle } from "@pixelmesh/lifecycle";
import { JobRecord, RemoteServiceDefinition, type WorkItem } from "@pixelmesh/proto";
import type { RpcServer } from "@pixelmesh/rpc";
import { announceReady, type OpenOptions, openBase, openRpc, type ServiceBase } from "@pixelmesh/service";
import type { Logger } from "@pixelmesh/telemetry";
import { openWorker, startStepWorker, toBudgetLimits } from "@pixelmesh/worker";
import { openBudgets } from "./budgets/open-budgets.ts";
import { openProviders, toDeviceReport } from "./calls/open-providers.ts";
import { createPermits } from "./calls/permits.ts";
import type { RemoteConfig } from "./config.ts";
import { openPredictionStore } from "./predictions/prediction-store.ts";
import { startSweep } from "./predictions/start-sweep.ts";
import { loadManifest } from "./providers/load-manifest.ts";
import { createListRemoteModels } from "./rpc/list-remote-models.ts";
import { type Models, toModels } from "./steps/open-models.ts";
import { createRemoteHandler } from "./steps/remote-step.ts";

/** More steps in hand than a scheduler lets wait for slots are of no use. */
const maxInHand = 1_024;

/** Starts the remote service. Throws ConfigError for a manifest with mistakes. */
export async function startRemote(
  config: RemoteConfig,
  life: Lifecycle,
  log: Logger,
  options: OpenOptions = {},
): Promise<{ base: ServiceBase; rpc: RpcServer }> {
  const manifest = await loadManifest(config.manifestPath);
  const budgetLimits = toBudgetLimits(config);
  const base = await openBase("remote", config, life, log, options);
  let reportNow = () => {};
  const providers = openProviders(base, manifest, () => reportNow());
  const describeProviders = () => [...providers.values()].map(toDeviceReport);
  const worker = await openWorker(base, config, { describeProviders });
  reportNow = worker.device.reportNow;
  const models = toModels(manifest, providers);
  const calls = {
    base,
    predictions: await openPredictionStore(base.bus),
    budgets: await openBudgets(base, budgetLimits),
    nowUnixMs: Date.now,
  };
  const records = await openStore(base.bus, "jobs", JobRecord);
  const sweep = startSweep({ calls, records, models: models.models, providers });
  life.defer("sweep of predictions", sweep.close);
  const { remoteAllowed: isRemoteAllowed } = config;
  const remoteModel = createRemoteHandler({
    calls,
    models,
    currency: manifest.currency,
    isRemoteAllowed,
    permits: createPermits(config.concurrency),
    limits: worker.limits,
  });
  const rpc = await openRpc(base, {
    uploads: worker.transfers.uploads,
    serviceNames: [RemoteServiceDefinition.fullName],
    register(server) {
      const listRemoteModels = createListRemoteModels(manifest, models, isRemoteAllowed);
      server.add(RemoteServiceDefinition, { listRemoteModels });
    },
  });
  const laneOf = (item: WorkItem) => toLane(item, models);
  const many = { inHand: maxInHand, perLane: config.waitingPerLane, laneOf };
  await startStepWorker(worker, "remote", { remoteModel }, many);
  await announceReady(base, rpc);
  return { base, rpc };
}

/** Steps of one lane wait for calls of the same provider and class. */
function toLane({ step, tenant, priority }: WorkItem, { models }: Models): string {
  const name = step?.operation?.$case === "remoteModel" ? step.operation.value.model : "";
  const { provider = "", workClass = 0 } = models.get(name) ?? {};
  return [provider, workClass, tenant, priority].join(" ");
}
