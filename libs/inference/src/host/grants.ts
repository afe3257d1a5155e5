import { HostFailure } from "../protocol/host-failure.ts";
import { monotonicMs } from "../protocol/messages.ts";

/** Until when this process may compute for which slot. */
export type Grants = {
  readonly renew: (slotId: string, validUntilMs: number) => void;
  readonly end: (slotId: string) => void;
  /** Fails with GRANT_EXPIRED unless the slot has a grant that is valid now. Work without a slot is not checked. */
  readonly check: (slotId: string | null) => void;
};

/**
 * The book of grants of one process. A renewal says when it ends on the machine's monotonic clock, not how long it lasts:
 * it may have waited behind a long run.
 */
export function createGrants(nowMs: () => number = monotonicMs): Grants {
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
