import type { SchedulerEffect } from "../effects.ts";
import type { Rules } from "../rules.ts";
import type { WaitingRequest } from "./queue.ts";

/**
 * Returns the notice for the caller of the request at `index` of the queue, if its position or wait reason has changed. A changed position
 * is sent at most every `queueNoticeEveryMs`, a changed reason at once.
 */
export function noticeFor(waiting: WaitingRequest, index: number, nowMs: number, rules: Rules): SchedulerEffect[] {
  const { callId, cause, deviceId } = waiting;
  const notice = `${index} ${deviceId} ${cause}`;
  const isSameReason = waiting.lastNotice.endsWith(` ${deviceId} ${cause}`);
  const isTooSoon = isSameReason && nowMs - waiting.noticedAtMs < rules.queueNoticeEveryMs;
  if (waiting.lastNotice === notice || isTooSoon) return [];
  waiting.lastNotice = notice;
  waiting.noticedAtMs = nowMs;
  return [{ kind: "queued", callId, position: index + 1, why: cause, deviceId }];
}
