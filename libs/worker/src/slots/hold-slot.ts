import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Reason, toAppError } from "@pixelmesh/errors";
import type { SlotGrant, SlotRelease, SlotRequest } from "@pixelmesh/proto";
import type { SchedulerLink } from "./scheduler-link.ts";
import { openSlotCall, type SlotCall, type TimedGrant } from "./slot-call.ts";

/** A slot that is held. */
export type Slot = {
  /** The first grant: its slot id is the one that the inference host knows. */
  readonly grant: SlotGrant;
  /**
   * Aborted with MEMORY_PRESSURE when the scheduler wants it back or does not admit it again, with GRANT_EXPIRED when it was
   * not renewed in time.
   */
  readonly lost: AbortSignal;
  /** Calls back now and with each renewal: how long the grant is still valid. */
  onRenewed(listener: (validMs: number) => void): void;
  /** Gives it back; repeating that is harmless. */
  release(measured?: Partial<SlotRelease>): void;
};

const renewEveryMs = 3_000;
const releaseTimeoutMs = 5_000;
const reattachMs = 250;

/** What a scheduler says that does not lead, or is not there: another may. */
const elsewhere: ReadonlySet<Reason> = new Set<Reason>(["SERVICE_UNAVAILABLE", "STOPPING", "CANCELLED"]);

/**
 * Asks for a slot and waits for it; ends with what the scheduler says (QUEUE_FULL, NO_DEVICE_FITS, …), or
 * SERVICE_UNAVAILABLE where none of the schedulers leads. A PASS is MEMORY_PRESSURE: the message goes back, a warm peer takes
 * it. When its call breaks, the slot is announced again to whoever leads, until the grant runs out.
 */
export async function holdSlot(link: SchedulerLink, request: SlotRequest, signal: AbortSignal): Promise<Slot> {
  let { call, timed } = await take(link, request, signal);
  const { grant } = timed;
  const lost = new AbortController();
  const listeners = new Set<(validMs: number) => void>();
  let released = false;
  let isAttached = true;
  let expiry: NodeJS.Timeout | undefined;

  function refresh(renewed: TimedGrant): void {
    link.openSlots.delete(timed.grant.slotId);
    timed = renewed;
    if (!released) link.openSlots.add(timed.grant.slotId);
    const leftMs = timed.validUntilMs - performance.now();
    clearTimeout(expiry);
    // The holder's own clock: what the scheduler believes does not matter once its word is too old.
    const expire = () => lost.abort(new AppError("GRANT_EXPIRED", "The slot was not renewed in time"));
    if (leftMs <= 0) expire();
    else expiry = setTimeout(expire, leftMs);
    for (const listener of listeners) listener(Math.max(0, leftMs));
  }
  /** Reads a call until it is over; answers why, where that was not a release. */
  async function follow(): Promise<AppError | undefined> {
    try {
      for await (const answer of call.followed()) {
        if (answer instanceof AppError) lost.abort(answer);
        else refresh(answer);
      }
    } catch (error) {
      return toAppError(error);
    }
    return released ? undefined : new AppError("SERVICE_UNAVAILABLE", "The scheduler ended the call");
  }
  async function keep(): Promise<void> {
    for (;;) {
      const why = await follow();
      isAttached = false;
      if (why === undefined || released || lost.signal.aborted) return;
      call.close();
      if (!elsewhere.has(why.reason)) return lost.abort(why);
      link.moveOn(call.connection);
      if (!(await reattach())) return;
    }
  }
  /** Announces the slot to whoever leads. False once it is released, lost, or not admitted any more. */
  async function reattach(): Promise<boolean> {
    while (!released && !lost.signal.aborted) {
      try {
        const taken = await take(link, toResumed(request, grant, timed.grant), lost.signal);
        call = taken.call;
        if (released) leave(call);
        else refresh(taken.timed);
        isAttached = !released;
        return isAttached;
      } catch (error) {
        if (lost.signal.aborted) return false;
        const failure = toAppError(error);
        if (!elsewhere.has(failure.reason)) lost.abort(failure);
        else await sleep(reattachMs, undefined, { signal: lost.signal }).catch(() => {});
      }
    }
    return false;
  }

  refresh(timed);
  const renewal = setInterval(
    () => {
      if (isAttached) call.renew();
    },
    Math.min(renewEveryMs, grant.validMs * 0.3),
  );
  void keep();

  return {
    grant,
    lost: lost.signal,
    onRenewed(listener) {
      listeners.add(listener);
      listener(Math.max(0, timed.validUntilMs - performance.now()));
    },
    release(measured = {}) {
      if (released) return;
      released = true;
      link.openSlots.delete(timed.grant.slotId);
      clearTimeout(expiry);
      clearInterval(renewal);
      if (isAttached) leave(call, measured);
    },
  };
}

/** Waits for a grant, asking each scheduler once. */
async function take(
  link: SchedulerLink,
  request: SlotRequest,
  signal: AbortSignal,
): Promise<{ call: SlotCall; timed: TimedGrant }> {
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    const call = openSlotCall(link, withRemaining(request));
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    // Only the wait ends with the caller's signal: once granted, the call must live to carry the release. It is left in
    // words, not just hung up: a grant may be on its way, and would stay charged until it had run out.
    const onAbort = () => {
      leave(call);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    try {
      return { call, timed: await Promise.race([call.granted(), aborted]) };
    } catch (error) {
      signal.throwIfAborted();
      call.close();
      const failure = toAppError(error);
      if (!elsewhere.has(failure.reason)) throw failure;
      link.moveOn(call.connection);
      if (tries >= link.count) throw new AppError("SERVICE_UNAVAILABLE", failure.message, { cause: failure });
    } finally {
      signal.removeEventListener("abort", onAbort);
    }
  }
}

/** The request with what remains of its deadline now: the scheduler's clock may differ from ours. */
function withRemaining(request: SlotRequest): SlotRequest {
  const { deadlineUnixMs } = request;
  return deadlineUnixMs > 0 ? { ...request, deadlineAfterMs: Math.max(1, deadlineUnixMs - Date.now()) } : request;
}

/** Says that the slot, or the wish for one, is given up. The scheduler then ends the call; one that does not answer is left. */
function leave(call: SlotCall, measured: Partial<SlotRelease> = {}): void {
  const value = { peakBytes: 0, runMs: 0, outOfMemory: false, ...measured };
  call.send({ message: { $case: "release", value } });
  call.close(releaseTimeoutMs);
}

/** The slot as it is announced again: what was granted first, where, and under the epoch it has by now. */
function toResumed(request: SlotRequest, { deviceId, optionIndex }: SlotGrant, { epoch }: SlotGrant): SlotRequest {
  const options = request.options.slice(optionIndex, optionIndex + 1);
  return { ...request, deviceIds: [deviceId], options, resume: epoch };
}
