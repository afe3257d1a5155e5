import { AppError } from "@pixelmesh/errors";
import { memoryFrameStore, type Raster, toWholeFrame } from "@pixelmesh/imaging";
import { type SlotRequest, WaitReason } from "@pixelmesh/proto";
import { withSpan } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import type { SlotAccount } from "../slots/slot-account.ts";
import { openStepSlots, type StepSlots } from "../slots/step-slots.ts";
import { whileWaiting } from "../slots/step-wait.ts";
import type { SlotNeed, StepContext, StepOutcome } from "../step-handler.ts";
import type { ExecutionControl, ExecutionResult } from "./execution.ts";
import { toSlotRequest, waitForNeed } from "./slot-request.ts";
import { createSlotTurn, type SlotTurn } from "./slot-turn.ts";
import type { StepWork } from "./step-work.ts";

// Created once: an abort without a reason creates an error with a stack trace each time.
const runEnded = new AppError("CANCELLED", "The run is over");

/**
 * Requests a slot while the inputs are loaded, or loads them with the slot if the handler asks for it (`enter`), runs the step, and releases the slot before anything is encoded or stored. Throws
 * MEMORY_PRESSURE or GRANT_EXPIRED if the slot is lost meanwhile; another worker may then run the step.
 */
export async function executeStep(
  parts: Pick<WorkerParts, "base" | "scheduler" | "device">,
  work: StepWork,
  account: SlotAccount,
  control: ExecutionControl,
): Promise<ExecutionResult> {
  const { base } = parts;
  const operation = work.step.operation?.$case ?? "none";
  const ended = new AbortController();
  const signal = AbortSignal.any([control.signal, ended.signal]);
  const frameStore = "runRasters" in work.handler ? work.frameStore : memoryFrameStore;
  const load = () => {
    const loading = work.loadInputs({ frameStore, signal });
    // It is awaited later; a failure while waiting for the slot must not count as unhandled.
    loading.catch(() => {});
    return loading;
  };
  const loadsWithSlot = "runRasters" in work.handler && work.handler.enter !== undefined;
  const loading = loadsWithSlot ? undefined : load();
  const requestedMs = performance.now();
  try {
    // A picture that cannot be read fails the step before it waits for a slot.
    const unreadable = Promise.resolve(loading).then(() => new Promise<never>(() => {}));
    const { onWait } = control;
    const need = await Promise.race([waitForNeed(work, control.signal, onWait), unreadable]);
    const request = toSlotRequest(parts, work.step, need, account);
    const options = { metrics: base.metrics, operation, onWait };
    const slots = await inSlotSpan(request, () =>
      Promise.race([openStepSlots(parts.scheduler, request, signal, options), unreadable]),
    );
    const slotWaitMs = performance.now() - requestedMs;
    base.metrics.observe("pixelmesh_slot_wait_seconds", { operation, result: "granted" }, slotWaitMs / 1000);
    const turn = createSlotTurn(slots, async (step, whileHeld) => {
      const nextNeed = await waitForNeed({ ...work, step }, whileHeld, onWait);
      return toSlotRequest(parts, step, nextNeed, account);
    });
    const executed = await runWithSlots(work, need, turn, loading ?? load(), { ...control, account });
    const laterWaitMs = turn.waitedMs();
    if (laterWaitMs > 0)
      base.metrics.observe("pixelmesh_slot_wait_seconds", { operation, result: "granted" }, laterWaitMs / 1000);
    return { ...executed, slotWaitMs: slotWaitMs + laterWaitMs };
  } finally {
    ended.abort(runEnded);
  }
}

/** Runs the step once its pictures are loaded, then releases the slot with what was measured. */
async function runWithSlots(
  work: StepWork,
  need: SlotNeed,
  { slots, nextSlot, heldMs, waitedMs }: SlotTurn,
  loading: Promise<readonly Raster[]>,
  control: ExecutionControl & { readonly account: SlotAccount },
): Promise<Omit<ExecutionResult, "slotWaitMs">> {
  const { model = "", modelDigest = "", isCold = false } = need;
  const operation = work.step.operation?.$case ?? "none";
  const startedMs = performance.now();
  control.onGranted?.({ deviceId: slots.current().deviceId, isCold });
  try {
    const inputs = await whileWaiting(control.onWait, WaitReason.INPUTS, () => loading);
    slots.signal.throwIfAborted();
    await control.onStarted?.();
    const attributes = { "pixelmesh.operation": operation, "pixelmesh.model.name": need.model };
    const outcome = await withSpan(`run ${operation}`, { attributes }, () =>
      runHandler(work, inputs, {
        ...slots.current(),
        signal: slots.signal,
        onProgress: onlyRising(control.onProgress),
        onWait: control.onWait,
        retryAfterOutOfMemory: slots.retryAfterOutOfMemory,
        nextSlot,
        releaseSlot: () => slots.release({ runMs: Math.round(heldMs()) }),
        account: control.account,
        largerModels: work.largerModels,
      }),
    );
    slots.release({ runMs: Math.round(heldMs()), peakBytes: outcome.peakBytes ?? 0 });
    const { deviceId } = slots.current();
    const madeBy = outcome.madeBy ?? { model, modelDigest };
    const runMs = performance.now() - startedMs - waitedMs();
    return { outcome, ...madeBy, firstModelDigest: modelDigest, deviceId, isCold, runMs };
  } catch (error) {
    slots.release({ outOfMemory: error instanceof AppError && error.reason === "OUT_OF_MEMORY" });
    // The handler may throw any error after an abort; the reason of the abort is the failure.
    if (slots.signal.aborted && !control.signal.aborted) throw slots.signal.reason;
    throw error;
  }
}

/** Waits for the first slot in a span. */
function inSlotSpan(request: SlotRequest, open: () => Promise<StepSlots>): Promise<StepSlots> {
  const attributes = {
    "pixelmesh.model.name": request.model === "" ? undefined : request.model,
    "pixelmesh.slot.requested_bytes": request.options[0]?.peakBytes,
  };
  return withSpan("hold slot", { attributes }, async (span) => {
    const slots = await open();
    const { slotId, deviceId, option } = slots.current();
    span.set({
      "pixelmesh.slot.id": slotId,
      "pixelmesh.device.id": deviceId,
      "pixelmesh.slot.granted_bytes": option.peakBytes,
      "pixelmesh.tile_px": option.tilePx,
    });
    return slots;
  });
}

/** Passes on a fraction only if it is above all earlier ones. */
function onlyRising(onProgress: (fraction: number) => void): (fraction: number) => void {
  let most = 0;
  return (fraction) => {
    if (!(fraction > most)) return;
    most = Math.min(1, fraction);
    onProgress(most);
  };
}

async function runHandler(
  { handler, step, frameStore, beginnings }: StepWork,
  inputs: readonly Raster[],
  context: StepContext,
): Promise<StepOutcome<Raster>> {
  if ("runRasters" in handler) {
    return handler.runRasters(step, inputs, { ...context, frameStore, beginnings: beginnings?.() });
  }
  return handler.run(step, await Promise.all(inputs.map(toWholeFrame)), context);
}
