import { AppError } from "@pixelmesh/errors";
import type { Frame } from "@pixelmesh/imaging";
import { type Priority, SlotRequest, type Step } from "@pixelmesh/proto";
import type { PictureSize, StepHandler, StepOutcome } from "./handler.ts";
import type { WorkerParts } from "./open.ts";
import { holdSlot } from "./slot.ts";

// Made once: without a reason of its own, each abort would make an error with its stack.
const over = new AppError("CANCELLED", "The run is over");

/** One run of one step, for a job or for a direct call. */
export type Execution = {
  readonly handler: StepHandler;
  readonly step: Step;
  readonly sizes: readonly PictureSize[];
  /** Brings the pictures; begun while the slot is waited for. */
  readonly loadInputs: (signal: AbortSignal) => Promise<readonly Frame[]>;
  readonly jobId: string;
  readonly tenant: string;
  readonly priority: Priority;
  readonly deadlineUnixMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (fraction: number) => void;
  /** The slot is held, the pictures are here: the work begins once this resolves. */
  readonly onStarted?: () => Promise<void>;
};

/** What a run made, and what it took in milliseconds. */
export type ExecutionResult = {
  readonly outcome: StepOutcome;
  readonly model: string;
  readonly modelDigest: string;
  readonly slotWaitMs: number;
  readonly runMs: number;
};

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
  const loading = execution.loadInputs(AbortSignal.any([signal, abandoned.signal]));
  // Awaited below; without this a failure that comes while the slot is waited for would count as unhandled.
  loading.catch(() => {});
  const askedMs = performance.now();
  try {
    const need = await handler.need(step, execution.sizes);
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
    // A picture that cannot be read must not wait for a slot first.
    const slot = await Promise.race([
      holdSlot(scheduler, request, AbortSignal.any([signal, abandoned.signal])),
      loading.then(() => new Promise<never>(() => {})),
    ]);
    const slotWaitMs = performance.now() - askedMs;
    base.metrics.observe("pixelmesh_slot_wait_seconds", { stage, result: "granted" }, slotWaitMs / 1000);
    const startedMs = performance.now();
    const running = AbortSignal.any([signal, slot.lost]);
    try {
      const option = need.options[slot.grant.optionIndex];
      if (!option) throw new AppError("INTERNAL", "The scheduler granted an option that was not asked for");
      const inputs = await loading;
      running.throwIfAborted();
      await execution.onStarted?.();
      const outcome = await handler.run(step, inputs, {
        signal: running,
        onProgress: execution.onProgress,
        option,
        slotId: slot.grant.slotId,
        deviceId: slot.grant.deviceId,
        onRenewed: slot.onRenewed,
      });
      const runMs = performance.now() - startedMs;
      slot.release({ runMs: Math.round(runMs), peakBytes: outcome.peakBytes ?? 0 });
      return { outcome, model: need.model ?? "", modelDigest: need.modelDigest ?? "", slotWaitMs, runMs };
    } catch (error) {
      slot.release({ outOfMemory: error instanceof AppError && error.reason === "OUT_OF_MEMORY" });
      // Whatever the work made of the abort, what counts is why it was aborted.
      if (running.aborted && !signal.aborted) throw slot.lost.reason;
      throw error;
    }
  } finally {
    abandoned.abort(over);
  }
}
