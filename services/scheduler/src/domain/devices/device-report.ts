import type { HostReport } from "@pixelmesh/proto";

/** The kind of a device: a GPU, or the memory and cores of a machine. */
export type DeviceKind = "gpu" | "memory";

/** A device as one reporter sees it. Bytes; 0 compute tokens: the default of the rules. */
export type DeviceReport = {
  readonly deviceId: string;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly totalBytes: number;
  readonly observedBytes: number;
  readonly computeTokens: number;
  readonly hosts: readonly HostReport[];
  readonly ownProcessBytes: number;
  /** The device does not show the use of each process. */
  readonly processesHidden: boolean;
};

/** The name of a reporting or requesting process: `service/instance`. */
export function toReporterId(service: string, instance: string): string {
  return `${service}/${instance}`;
}
