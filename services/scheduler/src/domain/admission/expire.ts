import { AppError } from "@pixelmesh/errors";
import type { SchedulerEffect } from "../effects.ts";
import type { Rules } from "../rules.ts";
import type { RequestQueue } from "./queue.ts";
import type { SlotTable } from "./slot-table.ts";

/** Drops expired slots and ends their calls, unless these are broken already. */
export function expireSlots(slots: SlotTable, nowMs: number): SchedulerEffect[] {
  return slots.expired(nowMs).flatMap((slot) => {
    slots.drop(slot, nowMs);
    if (slot.broken) return [];
    const error = new AppError("GRANT_EXPIRED", "The slot was not renewed in time");
    return [{ kind: "end", callId: slot.callId, error }];
  });
}

/** Removes requests that waited past their deadline or longer than `maxWaitMs`, and ends their calls. */
export function expireRequests(queue: RequestQueue, nowMs: number, rules: Rules): SchedulerEffect[] {
  const late = queue.entries.filter(
    ({ request, sinceMs }) => nowMs >= Math.min(request.deadlineMs, sinceMs + rules.maxWaitMs),
  );
  return late.map(({ callId }) => {
    queue.remove(callId);
    const error = new AppError("DEADLINE_EXCEEDED", "The deadline passed while the work waited for a slot");
    return { kind: "end", callId, error };
  });
}
