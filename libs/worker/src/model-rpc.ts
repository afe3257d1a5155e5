import type { ModelStatus } from "@pixelmesh/inference";
import { estimatePeakBytes } from "@pixelmesh/inference";
import {
  type ListModelsRequest,
  type ListModelsResponse,
  type LoadModelRequest,
  type LoadModelResponse,
  Model,
  Priority,
  SlotRequest,
  type UnloadModelRequest,
  type UnloadModelResponse,
  WorkClass,
} from "@pixelmesh/proto";
import type { CallContext } from "@pixelmesh/rpc";
import { callFacts } from "@pixelmesh/telemetry";
import { type Models, modelTokens, placeModel } from "./models.ts";
import type { WorkerParts } from "./open.ts";
import { holdSlot } from "./slot.ts";

/** ListModels, LoadModel and UnloadModel, alike in every service that runs models. */
export function createModelHandlers({ base, scheduler }: WorkerParts, models: Models) {
  const { registry, pool, task } = models;

  async function describe(status: ModelStatus): Promise<Model> {
    const { entry, available, unavailableReason, isDefault } = status;
    const residents = (await pool.describe()).flatMap((host) => host.models);
    const resident = residents.find(({ name }) => name === entry.name);
    return Model.fromPartial({
      name: entry.name,
      task: entry.task,
      scale: entry.scale,
      digest: available?.digest ?? "",
      licence: entry.licence,
      sourceUrl: entry.sourceUrl ?? "",
      sizeBytes: available?.sizeBytes ?? entry.sizeBytes ?? 0,
      available: available !== null,
      unavailableReason,
      isDefault,
      loaded: resident !== undefined,
      pinned: resident?.pinned ?? false,
      provider: resident?.provider ?? "",
      residentBytes: resident?.residentBytes ?? 0,
      service: base.service,
      haloPx: entry.haloPx,
      denoisePair: entry.denoisePair ?? "",
    });
  }

  const mine = () => registry.list().filter(({ entry }) => entry.task === task);
  const statusOf = (name: string) => mine().find(({ entry }) => entry.name === name) as ModelStatus;

  return {
    async listModels({ task: wanted }: ListModelsRequest): Promise<ListModelsResponse> {
      return { models: wanted === "" || wanted === task ? await Promise.all(mine().map(describe)) : [] };
    },

    async loadModel({ name, pin }: LoadModelRequest, { signal }: CallContext): Promise<LoadModelResponse> {
      const model = registry.find(name);
      const [least = 0] = [...model.preferredTilesPx].sort((a, b) => a - b);
      const request = SlotRequest.fromPartial({
        service: base.service,
        instance: base.config.instance,
        ...(await placeModel(models, model)),
        tenant: callFacts().tenant ?? "default",
        workClass: toWorkClass(model.workClass),
        priority: Priority.INTERACTIVE,
        deadlineUnixMs: callFacts().deadlineUnixMs ?? 0,
        options: [
          {
            tilePx: least,
            batch: 1,
            peakBytes: estimatePeakBytes(model, { widthPx: least, heightPx: least }, least),
            computeTokens: modelTokens(models, model),
          },
        ],
      });
      const slot = await holdSlot(scheduler, request, signal);
      try {
        const report = await pool.load(model, {
          pin,
          deviceId: slot.grant.deviceId,
          signal: AbortSignal.any([signal, slot.lost]),
        });
        base.metrics.observe("pixelmesh_model_load_seconds", { model: model.name }, report.loadMs / 1000);
        return {
          model: await describe(statusOf(name)),
          memoryBeforeBytes: report.memoryBeforeBytes,
          memoryAfterBytes: report.memoryAfterBytes,
          loadMs: Math.round(report.loadMs),
        };
      } finally {
        slot.release();
      }
    },

    async unloadModel({ name }: UnloadModelRequest): Promise<UnloadModelResponse> {
      registry.find(name);
      return pool.unload(name);
    },
  };
}

/** The scheduler's class for a model's. */
export function toWorkClass(workClass: "light" | "heavy" | "exclusive"): WorkClass {
  if (workClass === "light") return WorkClass.LIGHT;
  return workClass === "heavy" ? WorkClass.HEAVY : WorkClass.EXCLUSIVE;
}
