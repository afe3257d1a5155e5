import { setTimeout as sleep } from "node:timers/promises";
import { AppError } from "@pixelmesh/errors";
import { memoryRoom, type PictureLimits, type Raster, type Room, toWholeFrame } from "@pixelmesh/imaging";
import { type Priority, SlotRequest, type Step } from "@pixelmesh/proto";
import { withSpan } from "@pixelmesh/telemetry";
import type { WorkerParts } from "../open-worker.ts";
import { takeGrants } from "../slots/step-slots.ts";
import type { AnyHandler, PictureSize, SlotNeed, StepContext, StepOutcome } from "../step-handler.ts";
import type { StepPlace } from "./step-estimates.ts";

// Made once: without a reason of its own, each abort would make an error with its stack.
const over = new AppError("CANCELLED", "The run is over");

/** One run of one step, for a job or for a direct call. */
export type Execution = {
  readonly handler: AnyHandler;
  readonly step: Step;
  readonly sizes: readonly PictureSize[];
  /** Of the job, or of this service for a direct call. */
  readonly limits: PictureLimits;
  /** Brings the pictures into a room; begun while the slot is waited for. */
  readonly loadInputs: (loading: { readonly room: Room; readonly signal: AbortSignal }) => Promise<readonly Raster[]>;
  /** Where pictures are kept for a handler that takes rasters; the caller's to close once the outcome is used. */
  readonly room: Room;
  readonly jobId: string;
  readonly tenant: string;
  readonly priority: Priority;
  readonly deadlineUnixMs: number;
  readonly signal: AbortSignal;
  /** Called with the part done; it only grows, also where a run has several stages. */
  readonly onProgress: (fraction: number) => void;
  /** The slot is held from now on. */
  readonly onGranted?: (place: StepPlace) => void;
  /** The slot is held, the pictures are here: the work begins once this resolves. */
  readonly onStarted?: () => Promise<void>;
};

/** What a run made, and what it took in milliseconds. */
export type ExecutionResult = {
  readonly outcome: StepOutcome<Raster>;
  readonly model: string;
  readonly modelDigest: string;
  /** The device that was granted. */
  readonly deviceId: string;
  /** The model had to be loaded first. */
  readonly isCold: boolean;
  readonly slotWaitMs: number;
  readonly runMs: number;
};

/** Looked at again so often while a model has to wait its turn; then the slot is asked for all the same. */
const maxLooks = 10;

/** What a step needs, once the models that would have to go for its own have been here for long enough. */
async function needInTime({ handler, step, sizes, limits, signal }: Execution): Promise<SlotNeed> {
  for (let looks = 1; ; looks++) {
    const need = await handler.need(step, sizes, limits);
    if (!need.patienceMs || looks >= maxLooks) return need;
    await sleep(need.patienceMs, undefined, { signal });
  }
}

/**
 * Asks for a slot while the inputs come, runs, and releases the slot before anything is encoded or stored. Fails with
 * MEMORY_PRESSURE or GRANT_EXPIRED when the slot is lost on the way: the work may be given to another.
 */
export async function executeStep(
  { base, scheduler, device }: WorkerParts,
  execution: Execution,
): Promise<ExecutionResult> {
  const { handler, step, signal } = execution;
  const stage = step.operation?.$case ?? "none";
  const abandoned = new AbortController();
  const room = "runRasters" in handler ? execution.room : memoryRoom;
  const loading = execution.loadInputs({ room, signal: AbortSignal.any([signal, abandoned.signal]) });
  // Awaited below; without this a failure that comes while the slot is waited for would count as unhandled.
  loading.catch(() => {});
  const askedMs = performance.now();
  try {
    // A picture that cannot be read must not wait first.
    const unreadable = loading.then(() => new Promise<never>(() => {}));
    const need = await Promise.race([needInTime(execution), unreadable]);
    const request = SlotRequest.fromPartial({
      service: base.service,
      instance: base.config.instance,
      deviceIds: [...(need.deviceIds ?? [device.deviceId])],
      jobId: execution.jobId,
      stepId: step.id,
      tenant: execution.tenant,
      workClass: need.workClass,
      priority: execution.priority,
      deadlineUnixMs: execution.deadlineUnixMs,
      options: need.options.map((option) => ({ ...option })),
      model: need.model ?? "",
      modelDigest: need.modelDigest ?? "",
      hostId: need.hostId ?? "",
      heldBytes: need.heldBytes ?? 0,
    });
    const asked = AbortSignal.any([signal, abandoned.signal]);
    const grants = await withSpan("hold slot", { attributes: toAttributes(request) }, async (span) => {
      const taken = await Promise.race([
        takeGrants({ scheduler, metrics: base.metrics, stage }, request, asked),
        unreadable,
      ]);
      const { slotId, deviceId, option } = taken.current();
      span.set({
        "pixelmesh.slot.id": slotId,
        "pixelmesh.device.id": deviceId,
        "pixelmesh.slot.granted_bytes": option.peakBytes,
        "pixelmesh.tile_px": option.tilePx,
      });
      return taken;
    });
    const slotWaitMs = performance.now() - askedMs;
    base.metrics.observe("pixelmesh_slot_wait_seconds", { stage, result: "granted" }, slotWaitMs / 1000);
    const startedMs = performance.now();
    const { isCold = false } = need;
    execution.onGranted?.({ deviceId: grants.current().deviceId, isCold });
    const { running } = grants;
    try {
      const inputs = await loading;
      running.throwIfAborted();
      await execution.onStarted?.();
      const attributes = { "pixelmesh.stage": stage, "pixelmesh.model.name": need.model };
      const outcome = await withSpan(`run ${stage}`, { attributes }, () =>
        runHandler(execution, inputs, {
          ...grants.current(),
          signal: running,
          onProgress: rising(execution.onProgress),
          again: grants.again,
        }),
      );
      const runMs = performance.now() - startedMs;
      grants.release({ runMs: Math.round(runMs), peakBytes: outcome.peakBytes ?? 0 });
      const { model = "", modelDigest = "" } = need;
      return { outcome, model, modelDigest, deviceId: grants.current().deviceId, isCold, slotWaitMs, runMs };
    } catch (error) {
      grants.release({ outOfMemory: error instanceof AppError && error.reason === "OUT_OF_MEMORY" });
      // Whatever the work made of the abort, what counts is why it was aborted.
      if (running.aborted && !signal.aborted) throw running.reason;
      throw error;
    }
  } finally {
    abandoned.abort(over);
  }
}

/** Passes on what is more than before. */
function rising(onProgress: (fraction: number) => void): (fraction: number) => void {
  let most = 0;
  return (fraction) => {
    if (!(fraction > most)) return;
    most = Math.min(1, fraction);
    onProgress(most);
  };
}

const toAttributes = ({ model, options }: SlotRequest) => ({
  "pixelmesh.model.name": model === "" ? undefined : model,
  "pixelmesh.slot.requested_bytes": options[0]?.peakBytes,
});

async function runHandler(
  { handler, step, room }: Execution,
  inputs: readonly Raster[],
  context: StepContext,
): Promise<StepOutcome<Raster>> {
  if ("runRasters" in handler) return handler.runRasters(step, inputs, { ...context, room });
  return handler.run(step, await Promise.all(inputs.map(toWholeFrame)), context);
}
