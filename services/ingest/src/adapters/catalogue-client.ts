import { AppError, toAppError } from "@pixelmesh/errors";
import type { Catalogue } from "@pixelmesh/pipeline";
import {
  BackgroundServiceDefinition,
  type EffectDescription,
  EffectsServiceDefinition,
  type Model,
  type Pipeline,
  UpscaleServiceDefinition,
} from "@pixelmesh/proto";
import type { RpcConnection } from "@pixelmesh/rpc";
import type { Logger, Metrics } from "@pixelmesh/telemetry";

/** What the mesh can do, asked of its services and remembered. */
export type CatalogueSource = {
  /** All that a pipeline may name; fails with SERVICE_UNAVAILABLE only if a service it needs was never reached. */
  forPipeline(pipeline: Pipeline): Promise<Catalogue>;
  models(): Promise<Model[]>;
  effects(): Promise<EffectDescription[]>;
};

type Telling = { readonly log: Logger; readonly metrics: Metrics };

const freshMs = 5_000;
const timeoutMs = 3_000;

/** A list from a service: at most 5 s old while the service answers, the last known one while it does not. */
function remember<T>(name: string, { log, metrics }: Telling, ask: () => Promise<T[]>): () => Promise<T[]> {
  const toLabels = (result: string) => ({ tier: "catalogue", result });
  const countLook = metrics.countBy("pixelmesh_cache_tier_requests_total", toLabels);
  let known: { readonly list: T[]; readonly atMs: number } | undefined;
  let asking: Promise<T[]> | undefined;
  return async () => {
    const isFresh = known !== undefined && performance.now() - known.atMs < freshMs;
    countLook(isFresh ? "hit" : "miss");
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
        log.warn(
          { reason: toAppError(error).reason, service: name },
          "catalogue is not fresh; the last known one is used",
        );
        return known.list;
      })
      .finally(() => {
        asking = undefined;
      });
    return asking;
  };
}

/** Sources for the three services that have something to name. */
export function createCatalogueSource(
  connections: { readonly upscale: RpcConnection; readonly background: RpcConnection; readonly effects: RpcConnection },
  telling: Telling,
): CatalogueSource {
  const options = { timeoutMs, repeat: true };
  const upscale = connections.upscale.client(UpscaleServiceDefinition);
  const background = connections.background.client(BackgroundServiceDefinition);
  const effects = connections.effects.client(EffectsServiceDefinition);
  const upscaleModels = remember("upscale", telling, async () => (await upscale.listModels({}, options)).models);
  const matteModels = remember("background", telling, async () => (await background.listModels({}, options)).models);
  const allEffects = remember("effects", telling, async () => (await effects.listEffects({}, options)).effects);

  return {
    async forPipeline(pipeline) {
      const named = new Set(pipeline.steps.map((step) => step.operation?.$case));
      const [upscaling, matting, effecting] = await Promise.all([
        named.has("upscale") ? upscaleModels() : [],
        named.has("removeBackground") ? matteModels() : [],
        named.has("applyEffects") ? allEffects() : [],
      ]);
      return { upscaleModels: upscaling, matteModels: matting, effects: effecting };
    },
    models: async () => (await Promise.all([upscaleModels(), matteModels()])).flat(),
    effects: allEffects,
  };
}
