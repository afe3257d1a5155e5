import { setTimeout as sleep } from "node:timers/promises";
import { AppError, type Reason, toAppError } from "@pixelmesh/errors";
import { type SlotRelease, type SlotRequest, WaitReason } from "@pixelmesh/proto";
import type { SchedulerLink } from "./scheduler-link.ts";
import { openSlotCall, type SlotCall, type TimedGrant } from "./slot-call.ts";
import { type OnWait, toStepWait, waitFor } from "./step-wait.ts";

/** A call that has a grant. */
export type GrantedCall = { readonly call: SlotCall; readonly timed: TimedGrant };

const releaseTimeoutMs = 5_000;

/**
 * How long no scheduler may lead before a request fails. A channel whose connections were refused, because the scheduler had not started yet, tries again
 * after up to 2 s.
 */
const leaderTimeoutMs = 3_000;
const retryMs = 250;

/** Reasons of a scheduler that does not lead or cannot be reached. */
const notLeading: ReadonlySet<Reason> = new Set<Reason>(["SERVICE_UNAVAILABLE", "STOPPING", "CANCELLED"]);

/** Whether another scheduler may grant what this one refused. */
export function isNotLeading({ reason }: AppError): boolean {
  return notLeading.has(reason);
}

/**
 * Requests a slot and waits for the grant; tries each scheduler in turn. Throws the scheduler's refusal (QUEUE_FULL, NO_DEVICE_FITS, …),
 * SERVICE_UNAVAILABLE if no scheduler leads for 3 s, or the signal's reason. `onWait` is told what it waits for, at last that it waits no more.
 */
export async function requestSlot(
  link: SchedulerLink,
  request: SlotRequest,
  signal: AbortSignal,
  onWait?: OnWait,
): Promise<GrantedCall> {
  const startMs = performance.now();
  for (let tries = 1; ; tries += 1) {
    signal.throwIfAborted();
    const call = openSlotCall(link, withRemainingTime(request));
    const { promise: aborted, reject } = Promise.withResolvers<never>();
    // The signal ends the wait only: after the grant, the call must live to carry the release. The release is sent here too,
    // because a grant on the way would stay charged until it expires.
    const onAbort = () => {
      releaseSlot(call);
      reject(signal.reason);
    };
    signal.addEventListener("abort", onAbort, { once: true });
    onWait?.(waitFor(WaitReason.SCHEDULER));
    try {
      const granted = call.granted((queued) => onWait?.(toStepWait(queued)));
      return { call, timed: await Promise.race([granted, aborted]) };
    } catch (error) {
      signal.throwIfAborted();
      call.close();
      const failure = toAppError(error);
      if (!isNotLeading(failure)) throw failure;
      link.moveOn(call.connection);
      if (tries % link.count === 0) {
        if (performance.now() - startMs >= leaderTimeoutMs)
          throw new AppError("SERVICE_UNAVAILABLE", failure.message, { cause: failure });
        await sleep(retryMs, undefined, { signal }).catch(() => {});
      }
    } finally {
      signal.removeEventListener("abort", onAbort);
      onWait?.(undefined);
    }
  }
}

/** Sends the release of a slot or of a pending request. The scheduler then ends the call; after 5 s the call is aborted. */
export function releaseSlot(call: SlotCall, measured: Partial<SlotRelease> = {}): void {
  const value = { peakBytes: 0, runMs: 0, outOfMemory: false, ...measured };
  call.send({ message: { $case: "release", value } });
  call.close(releaseTimeoutMs);
}

/** Adds the time that remains until the deadline, because the scheduler's clock may differ from ours. */
function withRemainingTime(request: SlotRequest): SlotRequest {
  const { deadlineUnixMs } = request;
  return deadlineUnixMs > 0 ? { ...request, deadlineAfterMs: Math.max(1, deadlineUnixMs - Date.now()) } : request;
}
