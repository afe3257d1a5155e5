import { AppError } from "@pixelmesh/errors";
import { type AvailableModel, estimatePeakBytes, type LoadReport } from "@pixelmesh/inference";
import { type Priority, SlotRequest, WorkClass } from "@pixelmesh/proto";
import { callFacts } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import { holdSlot } from "../slots/hold-slot.ts";
import { type Models, modelTokens, placeModel } from "./open-models.ts";

/** How a model is loaded outside of a step. */
export type LoadOptions = { readonly pin: boolean; readonly priority: Priority; readonly signal: AbortSignal };

/** Loads a model once the scheduler has admitted the memory for it and for its smallest tile. */
export async function loadAdmitted(
  { base, scheduler }: Pick<WorkerParts, "base" | "scheduler">,
  models: Models,
  model: AvailableModel,
  { pin, priority, signal }: LoadOptions,
): Promise<LoadReport> {
  const least = Math.min(...model.preferredTilesPx);
  const { patienceMs: _, isCold: __, ...place } = await placeModel(models, model);
  const request = SlotRequest.fromPartial({
    ...{ service: base.service, instance: base.config.instance, ...place },
    ...{ tenant: callFacts().tenant ?? "default", workClass: toWorkClass(model.workClass), priority },
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
    const { deviceId } = slot.grant;
    const report = await models.pool.load(model, { pin, deviceId, signal: AbortSignal.any([signal, slot.lost]) });
    slot.release();
    return report;
  } catch (error) {
    slot.release({ outOfMemory: error instanceof AppError && error.reason === "OUT_OF_MEMORY" });
    throw error;
  }
}

/** The scheduler's class for a model's. */
export function toWorkClass(workClass: "light" | "heavy" | "exclusive"): WorkClass {
  if (workClass === "light") return WorkClass.LIGHT;
  return workClass === "heavy" ? WorkClass.HEAVY : WorkClass.EXCLUSIVE;
}
