import { AppError } from "@pixelmesh/errors";
import { SlotRequest } from "@pixelmesh/proto";
import { activeSpan, type Metrics } from "@pixelmesh/telemetry";
import type { StepGrant } from "../step-handler.ts";
import { type HeldSlot, holdSlot } from "./hold-slot.ts";
import { firstTry, nextTry } from "./oom-fallback.ts";
import type { SchedulerLink } from "./scheduler-link.ts";
import type { OnWait } from "./step-wait.ts";

/** The slots of one step: one at a time, a smaller one after each out-of-memory failure, and one for each further part of its work. */
export type StepSlots = {
  /** Returns the current grant. */
  readonly current: () => StepGrant;
  /** Aborted with the caller's signal, and when the current slot is lost. */
  readonly signal: AbortSignal;
  /** See `StepContext.retryAfterOutOfMemory`. */
  readonly retryAfterOutOfMemory: (error: unknown) => Promise<StepGrant>;
  /** Releases the current slot and waits for one for another part of the work. Throws like `holdSlot`; then no slot is held. */
  readonly replace: (request: SlotRequest) => Promise<StepGrant>;
  /** Releases the current slot. */
  readonly release: (measured?: Parameters<HeldSlot["release"]>[0]) => void;
};

/** Failures are counted by `operation`. `onWait` is told what the step waits for, for every slot. */
export type StepSlotsOptions = {
  readonly metrics: Metrics;
  readonly operation: string;
  readonly onWait?: OnWait | undefined;
};

/** Requests the first slot of a step and waits for it. Throws like `holdSlot`. */
export async function openStepSlots(
  scheduler: SchedulerLink,
  request: SlotRequest,
  signal: AbortSignal,
  { metrics, operation, onWait }: StepSlotsOptions,
): Promise<StepSlots> {
  const lost = new AbortController();
  let wanted = request;
  let currentTry = firstTry(request.options);
  let slot = await hold(false);

  async function hold(underWay: boolean): Promise<HeldSlot> {
    const options = currentTry.options.map((option) => ({ ...option }));
    const { alone } = currentTry;
    return holdSlot(scheduler, SlotRequest.create({ ...wanted, options, alone, underWay }), signal, onWait);
  }
  /** Aborts the signal when `held` is lost, unless it has been replaced. */
  function watch(held: HeldSlot): void {
    const onLost = () => held === slot && lost.abort(held.lost.reason);
    if (held.lost.aborted) onLost();
    else held.lost.addEventListener("abort", onLost, { once: true });
  }
  function current(): StepGrant {
    const { optionIndex, slotId, deviceId } = slot.grant;
    const option = currentTry.options[optionIndex];
    if (!option) throw new AppError("INTERNAL", "The scheduler granted an option that was not requested");
    return { option, slotId, deviceId, onRenewed: slot.onRenewed };
  }

  watch(slot);
  return {
    current,
    signal: AbortSignal.any([signal, lost.signal]),
    async retryAfterOutOfMemory(error) {
      if (!(error instanceof AppError) || error.reason !== "OUT_OF_MEMORY") throw error;
      const next = nextTry(currentTry, slot.grant.optionIndex);
      const action = next === undefined ? "failed" : next.alone ? "alone" : "smaller";
      metrics.count("pixelmesh_out_of_memory_total", { operation, action });
      activeSpan().event("out of memory", { "pixelmesh.tile_px": current().option.tilePx });
      slot.release({ outOfMemory: true });
      if (next === undefined) throw error;
      currentTry = next;
      slot = await hold(true);
      watch(slot);
      return current();
    },
    async replace(next) {
      slot.release();
      wanted = next;
      currentTry = firstTry(next.options);
      slot = await hold(true);
      watch(slot);
      return current();
    },
    release: (measured) => slot.release(measured),
  };
}
