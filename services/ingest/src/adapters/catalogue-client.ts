import { AppError, toAppError } from "@pixelmesh/errors";
import { type Catalogue, operations } from "@pixelmesh/pipeline";
import {
  BackgroundServiceDefinition,
  type EffectDescription,
  EffectsServiceDefinition,
  type ListRemoteModelsResponse,
  type Model,
  type Pipeline,
  RemoteServiceDefinition,
  UpscaleServiceDefinition,
} from "@pixelmesh/proto";
import type { RpcConnection } from "@pixelmesh/rpc";
import type { Logger, Metrics } from "@pixelmesh/telemetry";

/** Asks the services for their models and effects, and caches the answers. */
export type CatalogueClient = {
  /** Returns everything that a pipeline may name. Throws SERVICE_UNAVAILABLE only if a service that it needs has never answered. */
  forPipeline(pipeline: Pipeline): Promise<Catalogue>;
  /** Returns the models for one task, or all for an empty one. Asks only the services that have them. */
  models(task: string): Promise<Model[]>;
  effects(): Promise<EffectDescription[]>;
  /** Returns the hosted models; none in a mesh without the remote service. */
  remoteModels(): Promise<ListRemoteModelsResponse>;
};

type Reporting = { readonly log: Logger; readonly metrics: Metrics };

const freshMs = 5_000;
const timeoutMs = 3_000;

/** Caches a list from a service: at most 5 s old while the service answers, the last known one while it does not. */
function cacheList<T>(name: string, { log, metrics }: Reporting, ask: () => Promise<T[]>): () => Promise<T[]> {
  const toLabels = (result: string) => ({ tier: "catalogue", result });
  const countLookup = metrics.countBy("pixelmesh_cache_tier_requests_total", toLabels);
  let known: { readonly list: T[]; readonly atMs: number } | undefined;
  let asking: Promise<T[]> | undefined;
  return async () => {
    const isFresh = known !== undefined && performance.now() - known.atMs < freshMs;
    countLookup(isFresh ? "hit" : "miss");
    if (known && isFresh) return known.list;
    asking ??= ask()
      .then((list) => {
        known = { list, atMs: performance.now() };
        return list;
      })
      .catch((error: unknown) => {
        if (!known)
          throw new AppError("SERVICE_UNAVAILABLE", `The ${name} service does not answer yet`, {
            cause: error,
            retryAfterMs: 1_000,
          });
        log.warn({ reason: toAppError(error).reason, service: name }, "catalogue is stale; the last known one is used");
        return known.list;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}

/** Creates a client of the services that have models or effects. `remote` is undefined in a mesh without hosted models. */
export function createCatalogueClient(
  connections: {
    readonly upscale: RpcConnection;
    readonly background: RpcConnection;
    readonly effects: RpcConnection;
    readonly remote: RpcConnection | undefined;
  },
  reporting: Reporting,
): CatalogueClient {
  const options = { timeoutMs, repeat: true };
  const upscale = connections.upscale.client(UpscaleServiceDefinition);
  const background = connections.background.client(BackgroundServiceDefinition);
  const effects = connections.effects.client(EffectsServiceDefinition);
  const upscaleModels = cacheList("upscale", reporting, async () => (await upscale.listModels({}, options)).models);
  const matteModels = cacheList("background", reporting, async () => (await background.listModels({}, options)).models);
  const allEffects = cacheList("effects", reporting, async () => (await effects.listEffects({}, options)).effects);

  const remote = connections.remote?.client(RemoteServiceDefinition);
  const remoteLists = cacheList("remote", reporting, async () =>
    remote ? [await remote.listRemoteModels({}, options)] : [],
  );
  const remoteModels = async () => (await remoteLists())[0] ?? { models: [], currency: "" };

  return {
    async forPipeline(pipeline) {
      const needed = new Set(
        pipeline.steps.map(({ operation }) => operation && operations[operation.$case].catalogueList),
      );
      const [upscaleList, matteList, effectList, remoteList] = await Promise.all([
        needed.has("upscaleModels") ? upscaleModels() : [],
        needed.has("matteModels") ? matteModels() : [],
        needed.has("effects") ? allEffects() : [],
        needed.has("remoteModels") ? remoteModels() : undefined,
      ]);
      return {
        upscaleModels: upscaleList,
        matteModels: matteList,
        effects: effectList,
        remoteModels: remoteList?.models ?? [],
        remoteCurrency: remoteList?.currency ?? "",
      };
    },
    async models(task) {
      const lists = [
        ["upscale", upscaleModels],
        ["matte", matteModels],
      ] as const;
      const asked = lists.filter(([own]) => task === "" || task === own);
      return (await Promise.all(asked.map(([, list]) => list()))).flat();
    },
    effects: allEffects,
    remoteModels,
  };
}
