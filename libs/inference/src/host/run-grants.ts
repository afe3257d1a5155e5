import { HostFailure } from "../protocol/host-failure.ts";
import { monotonicMs } from "../protocol/messages.ts";

/** The grants of this process: until when runs of each slot are accepted. */
export type RunGrants = {
  readonly renew: (slotId: string, validUntilMs: number) => void;
  readonly end: (slotId: string) => void;
  /** Throws GRANT_EXPIRED unless the slot has a grant that is valid now. Runs without a slot are not checked. */
  readonly check: (slotId: string | null) => void;
};

/**
 * Creates an empty table of grants. A renewal holds its end on the machine's monotonic clock instead of a duration, because
 * it may have waited behind a long run.
 */
export function createRunGrants(nowMs: () => number = monotonicMs): RunGrants {
  const validUntil = new Map<string, number>();
  return {
    renew: (slotId, untilMs) => {
      for (const [each, endMs] of validUntil) if (endMs <= nowMs()) validUntil.delete(each);
      validUntil.set(slotId, untilMs);
    },
    end: (slotId) => void validUntil.delete(slotId),
    check: (slotId) => {
      if (slotId === null) return;
      const until = validUntil.get(slotId);
      if (until === undefined) throw new HostFailure("GRANT_EXPIRED", "The slot has no grant in this host");
      if (until <= nowMs()) throw new HostFailure("GRANT_EXPIRED", "The slot's grant ran out before the tile began");
    },
  };
}
