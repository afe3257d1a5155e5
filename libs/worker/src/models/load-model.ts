import { AppError } from "@pixelmesh/errors";
import { type AvailableModel, estimatePeakBytes, type LoadReport } from "@pixelmesh/inference";
import { type Priority, SlotRequest } from "@pixelmesh/proto";
import { callInfo } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import { holdSlot } from "../slots/hold-slot.ts";
import type { Models } from "./open-models.ts";
import { modelTokens, placeModel, toWorkClass } from "./place-model.ts";

/** Options of loading a model outside of a step. */
export type LoadOptions = { readonly pin: boolean; readonly priority: Priority; readonly signal: AbortSignal };

/** Loads a model after the scheduler has granted a slot with memory for it and for its smallest tile. */
export async function loadModel(
  { base, scheduler }: Pick<WorkerParts, "base" | "scheduler">,
  models: Models,
  model: AvailableModel,
  { pin, priority, signal }: LoadOptions,
): Promise<LoadReport> {
  const least = Math.min(...model.preferredTilesPx);
  const { evictionDelayMs: _, isCold: __, ...placement } = await placeModel(models, model);
  const request = SlotRequest.fromPartial({
    ...placement,
    service: base.service,
    instance: base.config.instance,
    tenant: callInfo().tenant ?? "default",
    workClass: toWorkClass(model.workClass),
    priority,
    deadlineUnixMs: callInfo().deadlineUnixMs ?? 0,
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
    const { deviceId } = slot.grant;
    const report = await models.pool.load(model, { pin, deviceId, signal: AbortSignal.any([signal, slot.lost]) });
    slot.release();
    return report;
  } catch (error) {
    slot.release({ outOfMemory: error instanceof AppError && error.reason === "OUT_OF_MEMORY" });
    throw error;
  }
}
