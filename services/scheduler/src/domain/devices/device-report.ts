import type { HostReport } from "@pixelmesh/proto";
import type { ProviderReport } from "./provider-report.ts";

/** The kind of a device: a GPU, the memory and cores of a machine, or a provider of hosted models, which has calls in place of memory. */
export type DeviceKind = "gpu" | "memory" | "provider";

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
  /** Of a provider only. */
  readonly provider?: ProviderReport | undefined;
};

/** The name of a reporting or requesting process: `service/instance`. */
export function toReporterId(service: string, instance: string): string {
  return `${service}/${instance}`;
}
