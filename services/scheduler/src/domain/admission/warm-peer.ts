import type { Device } from "../devices/device.ts";
import { isEvicting, type Unit } from "../devices/memory-owners.ts";
import { type SlotRequest, toReporterId } from "../types.ts";
import { type Context, decideOn } from "./decide.ts";

/** Steps that were passed on once already; each is passed on once only, so that no message goes round for ever. */
export type Passed = { has(request: SlotRequest): boolean; add(request: SlotRequest): void };

const maxPassed = 4_096;

/** Remembers the last 4,096. */
export function createPassed(): Passed {
  const keys = new Set<string>();
  const toKey = ({ jobId, stepId }: SlotRequest) => `${jobId}/${stepId}`;
  return {
    has: (request) => keys.has(toKey(request)),
    add(request) {
      keys.add(toKey(request));
      const oldest = keys.values().next().value;
      if (keys.size > maxPassed && oldest !== undefined) keys.delete(oldest);
    },
  };
}

/**
 * Another instance of the request's service that has its model in an idle host with room, where the asking one would have to
 * load it first. Only steps of jobs can go elsewhere.
 */
export function findWarmPeer(
  request: SlotRequest,
  devices: ReadonlyMap<string, Device>,
  context: Context,
): string | undefined {
  const { service, instance, modelDigest, jobId } = request;
  if (modelDigest === "" || jobId === "") return undefined;
  const own = toReporterId(service, instance);
  const warm = [...devices.values()].flatMap((device) =>
    [...device.units.values()].filter((unit) => holds(unit, modelDigest)).map((unit) => ({ device, unit })),
  );
  if (warm.some(({ unit }) => unit.reporterId === own)) return undefined;
  for (const { device, unit } of warm) {
    if (!unit.reporterId.startsWith(`${service}/`) || !device.reporters.has(unit.reporterId)) continue;
    if (unit.host?.busy || unit.slots.size > 0 || isEvicting(unit, context.nowMs)) continue;
    const peer = unit.reporterId.slice(service.length + 1);
    const theirs = { ...request, instance: peer, hostId: unit.host?.hostId ?? "", deviceIds: [device.deviceId] };
    const decision = decideOn(device, theirs, context);
    if ("choice" in decision && decision.choice.deltaBytes === 0) return peer;
  }
  return undefined;
}

function holds({ host }: Unit, modelDigest: string): boolean {
  return host?.models.some(({ digest }) => digest === modelDigest) ?? false;
}
