import type { Device } from "../devices/device.ts";
import { closedForMs, modelLimit, tenantLimit } from "../devices/provider.ts";
import type { AdmissionContext } from "./predict-option.ts";
import type { SlotRequest, WaitReason } from "./slot-request.ts";

/**
 * Returns why a provider cannot take the call of a request now; undefined: it can. The order is that in which a request gets what it needs: its tenant's
 * call, its model's, then its class's.
 */
export function callVeto(
  device: Device,
  request: SlotRequest,
  { nowMs, rules, keptCalls }: AdmissionContext,
): WaitReason | undefined {
  const { provider, deviceId } = device;
  if (provider === undefined) return "stale";
  // Calls of an earlier leader may still be under way.
  if (nowMs < rules.takeoverUntilMs) return "zone";
  if (closedForMs(device, nowMs) > 0 || (provider.isProbing && device.slots.size > 0)) return "provider_closed";
  const { tenant, model = "" } = request;
  const kept = {
    tenant: keptCalls?.hasTenant(deviceId, tenant) ? 1 : 0,
    model: keptCalls?.hasModel(deviceId, model) ? 1 : 0,
  };
  const used = countCalls(device, request);
  if (used.tenant + kept.tenant >= tenantLimit(provider.limits, tenant)) return "tenant_calls";
  if (used.model + kept.model >= modelLimit(provider.limits, model)) return "model_calls";
  return used.workClass >= provider.limits[request.workClass] ? "class" : undefined;
}

/** Whether a call that an earlier leader granted may go on: within the limit of its class. */
export function mayResumeCall(device: Device, request: SlotRequest): boolean {
  const limit = device.provider?.limits[request.workClass] ?? 0;
  return countCalls(device, request).workClass < limit;
}

/** Whether the limits of a provider forbid a call for as long as they are what they are. */
export function isNeverCalled({ provider }: Device, { workClass, tenant, model = "" }: SlotRequest): boolean {
  if (provider === undefined) return false;
  const { limits } = provider;
  return limits[workClass] <= 0 || tenantLimit(limits, tenant) <= 0 || modelLimit(limits, model) <= 0;
}

function countCalls(device: Device, { workClass, tenant, model = "" }: SlotRequest) {
  const used = { workClass: 0, tenant: 0, model: 0 };
  for (const { request } of device.slots.values()) {
    if (request.workClass === workClass) used.workClass += 1;
    if (request.tenant === tenant) used.tenant += 1;
    if (request.model === model) used.model += 1;
  }
  return used;
}
