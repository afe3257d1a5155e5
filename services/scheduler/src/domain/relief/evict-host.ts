import type { MemoryOwner } from "../devices/memory-owners.ts";
import type { SchedulerEffect } from "../effects.ts";
import type { Rules } from "../rules.ts";

/** Marks a host as being evicted and returns the command for its reporter. */
export function evictHost(owner: MemoryOwner, nowMs: number, rules: Rules): SchedulerEffect {
  const hostId = owner.host?.hostId ?? "";
  if (owner.host !== undefined) owner.host.evictingUntilMs = nowMs + rules.evictTimeoutMs;
  return { kind: "command", reporterId: owner.reporterId, command: { kind: "evictHost", hostId } };
}
