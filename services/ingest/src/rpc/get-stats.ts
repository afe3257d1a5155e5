import { listServices, readBucketSize } from "@pixelmesh/bus";
import {
  type CacheStats,
  type GetClusterResponse,
  JobServiceDefinition,
  type JobServiceGetStatsRequest,
  type JobServiceGetStatsResponse,
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

/** GetStats: what this replica counted, with `own_only` false together with all others of ingest, caches and storage. */
export function createGetStats(
  { base, stats }: JobParts,
  others: {
    readonly scheduler: SchedulerLink;
    readonly storage: RpcConnection;
    readonly token: (() => string) | undefined;
  },
) {
  const { bus, config, log } = base;
  const startedMs = performance.now();
  const own = () => stats.read(config.instance, Math.round(performance.now() - startedMs));

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
      orMissing("ingest", askOthers(orMissing)),
      orMissing("scheduler", others.scheduler.client(SchedulerServiceDefinition).getCluster({}, call)),
      orMissing("storage", others.storage.client(StorageServiceDefinition).getStats({}, call)),
      orMissing("results", readBucketSize(bus, "results")),
    ]);
    return {
      ...mergeStats([own(), ...(replicas ?? []).filter((it) => it !== undefined)]),
      missing: missing.sort(),
      cache:
        cluster && results
          ? { ...toModelSizes(cluster), resultEntries: results.entries, resultBytes: results.sizeBytes }
          : undefined,
      storage,
    };
  };

  async function askOthers(
    orMissing: <T>(name: string, ask: Promise<T>) => Promise<T | undefined>,
  ): Promise<(JobServiceGetStatsResponse | undefined)[]> {
    const announced = (await listServices(bus)).filter(
      ({ service, instance }) => service === "ingest" && instance !== config.instance,
    );
    return Promise.all(
      announced
        .slice(0, mostReplicas)
        .map(({ instance, grpcAddress }) =>
          orMissing(`ingest-${instance}`, askReplica(base.connect(grpcAddress, { token: others.token }))),
        ),
    );
  }
}

async function askReplica(connection: RpcConnection): Promise<JobServiceGetStatsResponse> {
  try {
    return await connection.client(JobServiceDefinition).getStats({ ownOnly: true }, { timeoutMs });
  } finally {
    connection.close();
  }
}

function toModelSizes({ devices }: GetClusterResponse): Pick<CacheStats, "modelsLoaded" | "modelBytes"> {
  // A host is told of by every device that its process sees.
  const hosts = new Map(devices.flatMap((device) => device.hosts.map((host) => [host.hostId, host])));
  const models = [...hosts.values()].flatMap((host) => host.models);
  return { modelsLoaded: models.length, modelBytes: models.reduce((sum, model) => sum + model.residentBytes, 0) };
}
