import { answerQuestions, type Bus, gatherAnswers, listServices, readBucketSize } from "@pixelmesh/bus";
import {
  type CacheStats,
  type GetClusterResponse,
  type JobServiceGetStatsRequest,
  JobServiceGetStatsResponse,
  SchedulerServiceDefinition,
  StorageServiceDefinition,
} from "@pixelmesh/proto";
import type { RpcConnection } from "@pixelmesh/rpc";
import type { SchedulerLink } from "@pixelmesh/worker";
import { mergeStats } from "../domain/merge-stats.ts";
import type { JobParts } from "./parts.ts";

const timeoutMs = 2_000;
/** More replicas than a mesh has. */
const mostReplicas = 64;
/** Replicas of ingest are asked through the broker: the bucket of addresses is no proof of who listens there. */
const subject = "stats.ingest";

/** GetStats: what this replica counted, with `own_only` false together with all others of ingest, caches and storage. */
export function createGetStats(
  { base, stats }: JobParts,
  others: { readonly scheduler: SchedulerLink; readonly storage: RpcConnection },
) {
  const { bus, config, life, log } = base;
  const startedMs = performance.now();
  const own = () => stats.read(config.instance, Math.round(performance.now() - startedMs));
  const stop = answerQuestions(bus, subject, JobServiceGetStatsResponse, own);
  life.defer("statistics", async () => stop());

  return async ({ ownOnly }: JobServiceGetStatsRequest): Promise<JobServiceGetStatsResponse> => {
    if (ownOnly) return own();
    const missing: string[] = [];
    /** What `ask` answers; who does not answer is noted as missing. */
    const orMissing = <T>(name: string, ask: Promise<T>): Promise<T | undefined> =>
      ask.catch((error: unknown) => {
        log.debug({ err: error, from: name }, "statistics not had");
        missing.push(name);
        return undefined;
      });
    const call = { timeoutMs };
    const [replicas, cluster, storage, results] = await Promise.all([
      orMissing("ingest", askOthers(bus, config.instance)),
      orMissing("scheduler", others.scheduler.client(SchedulerServiceDefinition).getCluster({}, call)),
      orMissing("storage", others.storage.client(StorageServiceDefinition).getStats({}, call)),
      orMissing("results", readBucketSize(bus, "results")),
    ]);
    return {
      ...mergeStats([own(), ...(replicas?.answers ?? [])]),
      missing: [...missing, ...(replicas?.missing ?? [])].sort(),
      cache:
        cluster && results
          ? { ...toModelSizes(cluster), resultEntries: results.entries, resultBytes: results.sizeBytes }
          : undefined,
      storage,
    };
  };
}

/** What the other replicas counted, and the names of those that are listed and did not answer in time. */
async function askOthers(bus: Bus, ownInstance: string) {
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
  // A host is told of by every device that its process sees.
  const hosts = new Map(devices.flatMap((device) => device.hosts.map((host) => [host.hostId, host])));
  const models = [...hosts.values()].flatMap((host) => host.models);
  return { modelsLoaded: models.length, modelBytes: models.reduce((sum, model) => sum + model.residentBytes, 0) };
}
