import type { SlotRequest, WaitReason } from "./slot-request.ts";

/**
 * Calls that requests which have waited long keep for themselves, by provider: one of a tenant and one of a model. Without it, a request that needs two
 * scarce calls at once could wait without end, because each time one is free the other is taken.
 */
export type KeptCalls = {
  hasTenant(deviceId: string, tenant: string): boolean;
  hasModel(deviceId: string, model: string): boolean;
  /** Keeps for a request what it has already while it waits for `why`: its tenant's call, and its model's call if it waits for its class. */
  keep(deviceId: string, request: SlotRequest, why: WaitReason): void;
};

/** Creates an empty record. */
export function createKeptCalls(): KeptCalls {
  const tenants = new Set<string>();
  const models = new Set<string>();
  const toKey = (deviceId: string, name: string) => `${deviceId} ${name}`;
  return {
    hasTenant: (deviceId, tenant) => tenants.has(toKey(deviceId, tenant)),
    hasModel: (deviceId, model) => models.has(toKey(deviceId, model)),
    keep(deviceId, { tenant, model = "" }, why) {
      if (why === "model_calls" || why === "class") tenants.add(toKey(deviceId, tenant));
      if (why === "class") models.add(toKey(deviceId, model));
    },
  };
}
