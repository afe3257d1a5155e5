import { expected } from "@pixelmesh/errors";
import type { AvailableModel } from "../models/registry.ts";
import type { NarrowPlaces, PoolDevice } from "./host-pool.ts";

/** The devices of a pool, and the ids of hosts on them. */
export type PoolDevices = {
  /** The device of that id, or the first one. Throws INVALID_ARGUMENT for an unknown id. */
  readonly find: (deviceId?: string) => PoolDevice;
  /** The id that the model's host has or would have. Throws INVALID_ARGUMENT for an unknown device. */
  readonly hostId: (model: AvailableModel, deviceId?: string) => string;
  /** The narrow hosts that may run the model. Throws INVALID_ARGUMENT for an unknown device. */
  readonly narrowHosts: (model: AvailableModel, deviceId?: string) => NarrowPlaces;
};

/** Host ids are `<name>/<index of the device>/<model, or "light">`, and for a narrow host `/<number from 1>` after it. */
export function createPoolDevices(name: string, devices: readonly PoolDevice[]): PoolDevices {
  const find: PoolDevices["find"] = (deviceId) => {
    const device = deviceId === undefined ? devices[0] : devices.find((each) => each.deviceId === deviceId);
    if (device) return device;
    throw expected("device_id", `one of ${devices.map((each) => each.deviceId).join(", ")}`, deviceId ?? "");
  };
  const hostId: PoolDevices["hostId"] = (model, deviceId) => {
    const last = model.workClass === "light" ? "light" : model.name;
    return `${name}/${devices.indexOf(find(deviceId))}/${last}`;
  };
  return {
    find,
    hostId,
    narrowHosts: (model, deviceId) => {
      const { count, threads } = find(deviceId).narrowHosts ?? { count: 0, threads: { intraOp: 0 } };
      const ids = Array.from({ length: count }, (_, at) => `${hostId(model, deviceId)}/${at + 1}`);
      return { ids, tokens: threads.intraOp };
    },
  };
}
