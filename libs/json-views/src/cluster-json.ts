import { DeviceKind, type GetClusterResponse, WorkClass, Zone } from "@pixelmesh/proto";
import { toEnumWord } from "./enum-word.ts";

/** Converts the cluster, as the mesh at this address sees it, to JSON, with words for enums. */
export function toClusterJson(address: string, cluster: GetClusterResponse) {
  return {
    address,
    services: cluster.services,
    devices: cluster.devices.map((device) => ({
      ...device,
      kind: toEnumWord(DeviceKind, device.kind),
      zone: toEnumWord(Zone, device.zone),
    })),
    slots: cluster.slots.map((slot) => ({ ...slot, workClass: toEnumWord(WorkClass, slot.workClass) })),
    queues: cluster.queues,
    leaderTerm: cluster.leaderTerm,
  };
}
