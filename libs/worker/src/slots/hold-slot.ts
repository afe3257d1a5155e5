import { setTimeout as sleep } from "node:timers/promises";
import { AppError, toAppError } from "@pixelmesh/errors";
import type { SlotGrant, SlotRelease, SlotRequest } from "@pixelmesh/proto";
import { createGrantValidity } from "./grant-validity.ts";
import { isNotLeading, releaseSlot, requestSlot } from "./request-slot.ts";
import type { SchedulerLink } from "./scheduler-link.ts";
import type { TimedGrant } from "./slot-call.ts";
import type { OnWait } from "./step-wait.ts";

/** A slot that is held until `release` or until it is lost. */
export type HeldSlot = {
  /** The first grant. The inference host knows the slot by its id. */
  readonly grant: SlotGrant;
  /**
   * Aborted with MEMORY_PRESSURE if the scheduler revokes the slot or does not admit it again, with GRANT_EXPIRED if it was not
   * renewed in time.
   */
  readonly lost: AbortSignal;
  /** Calls `listener` now and after each renewal with the time in ms for which the grant is still valid. */
  onRenewed(listener: (validMs: number) => void): void;
  /** Releases the slot. Idempotent. */
  release(measured?: Partial<SlotRelease>): void;
};

const renewEveryMs = 3_000;
const reattachMs = 250;

/**
 * Requests a slot, waits for its grant and renews it until released. Throws like `requestSlot`. A PASS becomes MEMORY_PRESSURE: the
 * message is requeued and a warm peer takes it. If the call breaks, the slot is announced to the current leader, until the grant expires.
 */
export async function holdSlot(
  link: SchedulerLink,
  request: SlotRequest,
  signal: AbortSignal,
  onWait?: OnWait,
): Promise<HeldSlot> {
  let { call, timed } = await requestSlot(link, request, signal, onWait);
  const { grant } = timed;
  const lost = new AbortController();
  const validity = createGrantValidity(() =>
    lost.abort(new AppError("GRANT_EXPIRED", "The slot was not renewed in time")),
  );
  let isReleased = false;
  let isAttached = true;

  function renewed(next: TimedGrant): void {
    link.openSlots.delete(timed.grant.slotId);
    timed = next;
    if (!isReleased) link.openSlots.add(timed.grant.slotId);
    validity.renew(timed.validUntilMs);
  }
  /** Reads a call until it ends. Returns the failure; undefined after a release. */
  async function follow(): Promise<AppError | undefined> {
    try {
      for await (const answer of call.followed()) {
        if (answer instanceof AppError) lost.abort(answer);
        else renewed(answer);
      }
    } catch (error) {
      return toAppError(error);
    }
    return isReleased ? undefined : new AppError("SERVICE_UNAVAILABLE", "The scheduler ended the call");
  }
  async function keepAttached(): Promise<void> {
    for (;;) {
      const failure = await follow();
      isAttached = false;
      if (failure === undefined || isReleased || lost.signal.aborted) return;
      call.close();
      if (!isNotLeading(failure)) return lost.abort(failure);
      link.moveOn(call.connection);
      if (!(await reattach())) return;
    }
  }
  /** Announces the slot to the current leader. Returns false once it is released, lost, or no longer admitted. */
  async function reattach(): Promise<boolean> {
    while (!isReleased && !lost.signal.aborted) {
      try {
        const resumed = await requestSlot(link, toResumeRequest(request, grant, timed.grant), lost.signal);
        call = resumed.call;
        if (isReleased) releaseSlot(call);
        else renewed(resumed.timed);
        isAttached = !isReleased;
        return isAttached;
      } catch (error) {
        if (lost.signal.aborted) return false;
        const failure = toAppError(error);
        if (!isNotLeading(failure)) lost.abort(failure);
        else await sleep(reattachMs, undefined, { signal: lost.signal }).catch(() => {});
      }
    }
    return false;
  }

  renewed(timed);
  const renewal = setInterval(
    () => {
      if (isAttached) call.renew();
    },
    Math.min(renewEveryMs, grant.validMs * 0.3),
  );
  void keepAttached();

  return {
    grant,
    lost: lost.signal,
    onRenewed: validity.onRenewed,
    release(measured = {}) {
      if (isReleased) return;
      isReleased = true;
      link.openSlots.delete(timed.grant.slotId);
      validity.stop();
      clearInterval(renewal);
      if (isAttached) releaseSlot(call, measured);
    },
  };
}

/** The request that announces a held slot: its first option and device, with the epoch of its latest grant. */
function toResumeRequest(
  request: SlotRequest,
  { deviceId, optionIndex }: SlotGrant,
  { epoch }: SlotGrant,
): SlotRequest {
  const options = request.options.slice(optionIndex, optionIndex + 1);
  return { ...request, deviceIds: [deviceId], options, resume: epoch };
}
