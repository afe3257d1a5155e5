import { AppError } from "@pixelmesh/errors";
import type { ModelStatus } from "@pixelmesh/inference";
import {
  type ListModelsRequest,
  type ListModelsResponse,
  type LoadModelRequest,
  type LoadModelResponse,
  Model,
  Priority,
  type UnloadModelRequest,
  type UnloadModelResponse,
} from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import type { WorkerParts } from "../open-worker.ts";
import { loadModel } from "./load-model.ts";
import type { Models } from "./open-models.ts";

/** Creates the handlers of ListModels, LoadModel and UnloadModel, equal in every service that runs models. */
export function createModelHandlers(parts: WorkerParts, models: Models) {
  const { registry, pool, task } = models;
  const { base } = parts;

  async function describe(status: ModelStatus): Promise<Model> {
    const { entry, available, unavailableReason, isDefault } = status;
    const loadedModels = (await pool.describe()).flatMap((host) => host.models);
    const loaded = loadedModels.find(({ name }) => name === entry.name);
    return Model.fromPartial({
      name: entry.name,
      task: entry.task,
      scale: entry.scale,
      digest: available?.digest ?? "",
      licence: entry.licence,
      licenceNote: entry.licenceNote ?? "",
      trainedOn: entry.trainedOn ?? "",
      sourceUrl: entry.sourceUrl ?? "",
      sizeBytes: available?.sizeBytes ?? entry.sizeBytes ?? entry.sources[0]?.sizeBytes ?? 0,
      available: available !== null,
      unavailableReason,
      isDefault,
      loaded: loaded !== undefined,
      pinned: loaded?.pinned ?? false,
      provider: loaded?.provider ?? "",
      residentBytes: loaded?.residentBytes ?? 0,
      service: base.service,
      haloPx: entry.haloPx,
      denoisePair: entry.denoisePair ?? "",
    });
  }

  const ownModels = () => registry.list().filter(({ entry }) => entry.task === task);
  const statusOf = (name: string): ModelStatus => {
    const found = ownModels().find(({ entry }) => entry.name === name);
    if (found) return found;
    const known = ownModels().map(({ entry }) => entry.name);
    const text = `Expected a model for ${task}, got \`${name.slice(0, 64)}\`; known are: ${known.join(", ")}`;
    throw new AppError("UNKNOWN_MODEL", text, { metadata: { known: known.join(", ") } });
  };

  return {
    async listModels({ task: wanted }: ListModelsRequest): Promise<ListModelsResponse> {
      return { models: wanted === "" || wanted === task ? await Promise.all(ownModels().map(describe)) : [] };
    },

    async loadModel({ name, pin }: LoadModelRequest, { signal }: CallContext): Promise<LoadModelResponse> {
      statusOf(name);
      const model = registry.find(name);
      const report = await loadModel(parts, models, model, { pin, priority: Priority.INTERACTIVE, signal });
      return {
        model: await describe(statusOf(name)),
        memoryBeforeBytes: report.memoryBeforeBytes,
        memoryAfterBytes: report.memoryAfterBytes,
        loadMs: Math.round(report.loadMs),
      };
    },

    async unloadModel({ name }: UnloadModelRequest, { signal }: CallContext): Promise<UnloadModelResponse> {
      statusOf(name);
      return pool.unload(name, signal);
    },
  };
}
