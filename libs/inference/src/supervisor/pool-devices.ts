import { expected } from "@pixelmesh/errors";
import type { AvailableModel } from "../models/registry.ts";
import type { PoolDevice } from "./host-pool.ts";

/** The devices of a pool, and the ids of hosts on them. */
export type PoolDevices = {
  /** The device of that id, or the first one. Throws INVALID_ARGUMENT for an unknown id. */
  readonly find: (deviceId?: string) => PoolDevice;
  /** The id that the model's host has or would have. Throws INVALID_ARGUMENT for an unknown device. */
  readonly hostId: (model: AvailableModel, deviceId?: string) => string;
};

/** Host ids are `<name>/<index of the device>/<model, or "light">`. */
export function createPoolDevices(name: string, devices: readonly PoolDevice[]): PoolDevices {
  const find: PoolDevices["find"] = (deviceId) => {
    const device = deviceId === undefined ? devices[0] : devices.find((each) => each.deviceId === deviceId);
    if (device) return device;
    throw expected("device_id", `one of ${devices.map((each) => each.deviceId).join(", ")}`, deviceId ?? "");
  };
  return {
    find,
    hostId: (model, deviceId) => {
      const last = model.workClass === "light" ? "light" : model.name;
      return `${name}/${devices.indexOf(find(deviceId))}/${last}`;
    },
  };
}
