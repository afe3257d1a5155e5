import type { SlotRequest, Step } from "@pixelmesh/proto";
import type { StepSlots } from "../slots/step-slots.ts";
import type { StepGrant } from "../step-handler.ts";

/** The slots of a running step with their times. */
export type SlotTurn = {
  readonly slots: StepSlots;
  /** See `StepContext.nextSlot`. */
  readonly nextSlot: (step: Step) => Promise<StepGrant>;
  /** Time since the current slot was granted; ms. */
  readonly heldMs: () => number;
  /** Time in which `nextSlot` waited; ms. */
  readonly waitedMs: () => number;
};

/** Begins with a slot that was granted now. `requestFor` builds the request of a later one. */
export function createSlotTurn(
  slots: StepSlots,
  requestFor: (step: Step, signal: AbortSignal) => Promise<SlotRequest>,
): SlotTurn {
  let grantedMs = performance.now();
  let waitedMs = 0;
  return {
    slots,
    heldMs: () => performance.now() - grantedMs,
    waitedMs: () => waitedMs,
    async nextSlot(step) {
      const releasedMs = performance.now();
      // Released first, so that others may use it while this step waits.
      slots.release({ runMs: Math.round(releasedMs - grantedMs) });
      try {
        return await slots.replace(await requestFor(step, slots.signal));
      } finally {
        grantedMs = performance.now();
        waitedMs += grantedMs - releasedMs;
      }
    },
  };
}
