import { AppError } from "@pixelmesh/errors";
import type { SchedulerEffect } from "../effects.ts";
import { fitsNowhere } from "./fits.ts";
import type { AdmissionContext } from "./predict-option.ts";
import { noticeFor } from "./queue-notices.ts";
import type { QueuePass, QueuePassParts } from "./queue-pass.ts";
import type { SlotRequest } from "./slot-request.ts";
import { toGrantEffect } from "./slot-table.ts";
import { findWarmPeer, type RedirectHistory } from "./warm-peer.ts";

/** Handles the request of a call: the result is a grant, a queue position, a redirect, or the end of the call. */
export function requestSlot(
  { devices, queue, slots, profiles, rules }: QueuePassParts,
  queuePass: QueuePass,
  redirects: RedirectHistory,
  { callId, request, nowMs }: { readonly callId: string; readonly request: SlotRequest; readonly nowMs: number },
): SchedulerEffect[] {
  const context: AdmissionContext = { profiles, rules, nowMs };
  const end = (error: AppError): SchedulerEffect => ({ kind: "end", callId, error });

  // 1. A slot of this term that is announced again moves to the new call. Its old call may look open here although its holder has ended it.
  const held = request.resume === undefined ? undefined : slots.findByEpoch(request.resume);
  if (held !== undefined) {
    const oldCall: SchedulerEffect = { kind: "end", callId: held.callId, error: announcedAgain() };
    const superseded = held.broken ? [] : [oldCall];
    slots.move(held, callId, nowMs);
    return [...superseded, toGrantEffect(held, rules)];
  }

  // 2. Work that can never fit is refused.
  if (fitsNowhere(request, devices, context)) return [end(noDeviceFits())];

  // 3. A step that has not begun is redirected once to a warm peer.
  const mayRedirect = request.resume === undefined && !request.underWay && !redirects.has(request);
  const peer = mayRedirect ? findWarmPeer(request, devices, context) : undefined;
  if (peer !== undefined) {
    redirects.add(request);
    return [{ kind: "redirect", callId, instance: peer }];
  }

  // 4. A full queue refuses.
  const full = queue.refusal(request);
  if (full !== undefined) return [end(full)];

  // 5. All other requests are queued and tried at once.
  const waiting = queue.add(callId, request, nowMs);
  const effects = queuePass.tryOne(waiting, nowMs);
  const index = queue.entries.indexOf(waiting);
  return index < 0 ? effects : [...effects, ...noticeFor(waiting, index, nowMs, rules)];
}

function announcedAgain(): AppError {
  return new AppError("SERVICE_UNAVAILABLE", "The slot was announced again by another call");
}

function noDeviceFits(): AppError {
  return new AppError("NO_DEVICE_FITS", "The work fits none of its devices, even with nothing else on them");
}
