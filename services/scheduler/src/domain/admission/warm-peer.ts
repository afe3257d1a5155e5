import type { Device } from "../devices/device.ts";
import { toReporterId } from "../devices/device-report.ts";
import { isEvicting, type MemoryOwner } from "../devices/memory-owners.ts";
import { decideOn } from "./decide.ts";
import type { AdmissionContext } from "./predict-option.ts";
import type { SlotRequest } from "./slot-request.ts";

/** Steps that were redirected to a warm peer. Each is redirected once only, so that no message circulates without end. */
export type RedirectHistory = { has(request: SlotRequest): boolean; add(request: SlotRequest): void };

const maxRedirects = 4_096;

/** Creates an empty history of the last 4,096 redirected steps. */
export function createRedirectHistory(): RedirectHistory {
  const keys = new Set<string>();
  const toKey = ({ jobId, stepId }: SlotRequest) => `${jobId}/${stepId}`;
  return {
    has: (request) => keys.has(toKey(request)),
    add(request) {
      keys.add(toKey(request));
      const oldest = keys.values().next().value;
      if (keys.size > maxRedirects && oldest !== undefined) keys.delete(oldest);
    },
  };
}

/**
 * Returns a warm peer: another instance of the service whose idle host has the model loaded and needs no more memory for the work.
 * Undefined if there is none, if the requesting instance has the model itself, and for work without a model or a job.
 */
export function findWarmPeer(
  request: SlotRequest,
  devices: ReadonlyMap<string, Device>,
  context: AdmissionContext,
): string | undefined {
  const { service, instance, modelDigest, jobId } = request;
  if (modelDigest === "" || jobId === "") return undefined;
  const own = toReporterId(service, instance);
  const warm = [...devices.values()].flatMap((device) =>
    [...device.owners.values()].filter((owner) => hasModel(owner, modelDigest)).map((owner) => ({ device, owner })),
  );
  if (warm.some(({ owner }) => owner.reporterId === own)) return undefined;
  for (const { device, owner } of warm) {
    if (!owner.reporterId.startsWith(`${service}/`) || !device.reporters.has(owner.reporterId)) continue;
    if (owner.host?.busy || owner.slots.size > 0 || isEvicting(owner, context.nowMs)) continue;
    const peer = owner.reporterId.slice(service.length + 1);
    // The request names hosts of its own instance.
    const options = request.options.map((option) => ({ ...option, hostId: "" }));
    const hostId = owner.host?.hostId ?? "";
    const asPeer = { ...request, options, instance: peer, hostId, deviceIds: [device.deviceId] };
    const decision = decideOn(device, asPeer, context);
    if ("choice" in decision && decision.choice.deltaBytes === 0) return peer;
  }
  return undefined;
}

function hasModel({ host }: MemoryOwner, modelDigest: string): boolean {
  return host?.models.some(({ digest }) => digest === modelDigest) ?? false;
}
