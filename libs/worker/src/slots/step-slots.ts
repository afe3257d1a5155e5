import { AppError } from "@pixelmesh/errors";
import { SlotRequest } from "@pixelmesh/proto";
import { activeSpan, type Metrics } from "@pixelmesh/telemetry";
import type { StepGrant } from "../step-handler.ts";
import { holdSlot, type Slot } from "./hold-slot.ts";
import { firstTry, nextTry, type Try } from "./oom-fallback.ts";
import type { SchedulerLink } from "./scheduler-link.ts";

/** The slots of one step: one after another where it runs out of memory. */
export type Grants = {
  /** What is granted now. */
  readonly current: () => StepGrant;
  /** Aborted with the caller's signal, and when the slot held at the time is lost. */
  readonly running: AbortSignal;
  /** See `StepContext.again`. */
  readonly again: (error: unknown) => Promise<StepGrant>;
  /** Gives the slot of the time back. */
  readonly release: (measured?: Parameters<Slot["release"]>[0]) => void;
};

/** Asks for the first slot of a step and waits for it, as `holdSlot` does. */
export async function takeGrants(
  {
    scheduler,
    metrics,
    stage,
  }: { readonly scheduler: SchedulerLink; readonly metrics: Metrics; readonly stage: string },
  request: SlotRequest,
  signal: AbortSignal,
): Promise<Grants> {
  const lost = new AbortController();
  let tried: Try = firstTry(request.options);
  let slot = await take(false);

  async function take(isUnderWay: boolean): Promise<Slot> {
    const options = tried.options.map((option) => ({ ...option }));
    const { alone } = tried;
    return holdSlot(scheduler, SlotRequest.create({ ...request, options, alone, underWay: isUnderWay }), signal);
  }
  /** A slot that was given back is not lost any more. */
  function watch(held: Slot): void {
    const onLost = () => held === slot && lost.abort(held.lost.reason);
    if (held.lost.aborted) onLost();
    else held.lost.addEventListener("abort", onLost, { once: true });
  }
  function current(): StepGrant {
    const { optionIndex, slotId, deviceId } = slot.grant;
    const option = tried.options[optionIndex];
    if (!option) throw new AppError("INTERNAL", "The scheduler granted an option that was not asked for");
    return { option, slotId, deviceId, onRenewed: slot.onRenewed };
  }

  watch(slot);
  return {
    current,
    running: AbortSignal.any([signal, lost.signal]),
    async again(error) {
      if (!(error instanceof AppError) || error.reason !== "OUT_OF_MEMORY") throw error;
      const next = nextTry(tried, slot.grant.optionIndex);
      const action = next === undefined ? "failed" : next.alone ? "alone" : "smaller";
      metrics.count("pixelmesh_out_of_memory_total", { stage, action });
      activeSpan().event("out of memory", { "pixelmesh.tile_px": current().option.tilePx });
      slot.release({ outOfMemory: true });
      if (next === undefined) throw error;
      tried = next;
      slot = await take(true);
      watch(slot);
      return current();
    },
    release: (measured) => slot.release(measured),
  };
}
