import { answerRequests, type Bus, gatherAnswers, listServices, readBucketSize } from "@pixelmesh/bus";
import {
  type CacheStats,
  type GetClusterResponse,
  type JobServiceGetStatsRequest,
  JobServiceGetStatsResponse,
  SchedulerServiceDefinition,
  StorageServiceDefinition,
} from "@pixelmesh/proto";
import type { RpcConnection } from "@pixelmesh/rpc";
import type { ServiceBase } from "@pixelmesh/service";
import type { SchedulerLink } from "@pixelmesh/worker";
import { mergeStats } from "../domain/merge-stats.ts";
import { costsOfTenant } from "../domain/remote-costs.ts";
import type { StatsRecorder } from "../domain/stats-recorder.ts";
import { callTenant } from "./call-tenant.ts";

/** Dependencies of `createGetStats`. */
export type GetStatsParts = {
  readonly base: ServiceBase;
  readonly stats: StatsRecorder;
  readonly scheduler: SchedulerLink;
  readonly storage: RpcConnection;
};

const timeoutMs = 2_000;
/** More replicas than any mesh has. */
const mostReplicas = 64;
/** Replicas are asked through the broker, because a registered address does not prove which process listens there. */
const subject = "stats.ingest";

/** GetStats: returns this replica's statistics; unless `own_only`, merged with those of all replicas, with caches and storage. */
export function createGetStats({ base, stats, scheduler, storage }: GetStatsParts) {
  const { bus, config, life, log } = base;
  const startedMs = performance.now();
  const own = () => stats.read(config.instance, Math.round(performance.now() - startedMs));
  const stop = answerRequests(bus, subject, JobServiceGetStatsResponse, own);
  life.defer("statistics", async () => stop());

  return async ({ ownOnly }: JobServiceGetStatsRequest): Promise<JobServiceGetStatsResponse> => {
    const tenant = callTenant();
    const visible = (all: JobServiceGetStatsResponse) => ({ ...all, costs: costsOfTenant(all.costs, tenant) });
    if (ownOnly) return visible(own());
    const missing: string[] = [];
    /** Resolves to the answer, or to undefined after adding the name to `missing`. */
    const orMissing = <T>(name: string, ask: Promise<T>): Promise<T | undefined> =>
      ask.catch((error: unknown) => {
        log.debug({ err: error, from: name }, "statistics not received");
        missing.push(name);
        return undefined;
      });
    const call = { timeoutMs };
    const [replicas, cluster, stored, results] = await Promise.all([
      orMissing("ingest", readOtherReplicas(bus, config.instance)),
      orMissing("scheduler", scheduler.client(SchedulerServiceDefinition).getCluster({}, call)),
      orMissing("storage", storage.client(StorageServiceDefinition).getStats({}, call)),
      orMissing("results", readBucketSize(bus, "results")),
    ]);
    return {
      ...visible(mergeStats([own(), ...(replicas?.answers ?? [])])),
      missing: [...missing, ...(replicas?.missing ?? [])].sort(),
      cache:
        cluster && results
          ? { ...toModelSizes(cluster), resultEntries: results.entries, resultBytes: results.sizeBytes }
          : undefined,
      storage: stored,
    };
  };
}

/** Returns the statistics of the other replicas, and the names of registered replicas that did not answer in time. */
async function readOtherReplicas(bus: Bus, ownInstance: string) {
  const listed = (await listServices(bus))
    .filter(({ service, instance }) => service === "ingest" && instance !== ownInstance)
    .map(({ instance }) => instance)
    .slice(0, mostReplicas);
  const isFrom = (instance: string) => (answer: JobServiceGetStatsResponse) =>
    answer.replicas.some((replica) => replica.instance === instance);
  const all = await gatherAnswers(bus, subject, JobServiceGetStatsResponse, {
    timeoutMs,
    maxAnswers: mostReplicas,
    isComplete: (answers) => listed.every((instance) => answers.some(isFrom(instance))),
  });
  return {
    answers: all.filter((answer) => !isFrom(ownInstance)(answer)),
    missing: listed.filter((instance) => !all.some(isFrom(instance))).map((instance) => `ingest-${instance}`),
  };
}

function toModelSizes({ devices }: GetClusterResponse): Pick<CacheStats, "modelsLoaded" | "modelBytes"> {
  // Every device that a host's process sees reports the host.
  const hosts = new Map(devices.flatMap((device) => device.hosts.map((host) => [host.hostId, host])));
  const models = [...hosts.values()].flatMap((host) => host.models);
  return { modelsLoaded: models.length, modelBytes: models.reduce((sum, model) => sum + model.residentBytes, 0) };
}
