import type { AppError } from "@pixelmesh/errors";
import type { Epoch, HostReport, SlotOption } from "@pixelmesh/proto";

/** What a device is: a GPU, or the memory and cores of a machine. */
export type DeviceKind = "gpu" | "memory";

/** How heavy work is; see WorkClass in the contract. */
export type WorkClass = "light" | "heavy" | "exclusive";

/** Every work class. */
export const workClasses: readonly WorkClass[] = ["light", "heavy", "exclusive"];

/** Who goes first. */
export type Priority = "interactive" | "batch";

/** How full a device is. */
export type Zone = "green" | "amber" | "red";

/**
 * What a waiting request waits for. `class`: a free slot of its class; `company`: work that may not run beside it;
 * `reservation`: one that waited longer; `stale`: a fresh report of one of its devices.
 */
export type WaitReason = "memory" | "class" | "company" | "tokens" | "zone" | "reservation" | "stale";

/** A device as one reporter sees it. Bytes; 0 compute tokens: the rules' default. */
export type DeviceReport = {
  readonly deviceId: string;
  readonly kind: DeviceKind;
  readonly name: string;
  readonly totalBytes: number;
  readonly observedBytes: number;
  readonly computeTokens: number;
  readonly hosts: readonly HostReport[];
  readonly ownProcessBytes: number;
  /** The device does not say what each process uses. */
  readonly processesHidden: boolean;
};

/** A wish for a slot. Times on the scheduler's own clock; a deadline of Infinity: none but the rules' longest wait. */
export type SlotRequest = {
  readonly service: string;
  readonly instance: string;
  readonly deviceIds: readonly string[];
  readonly jobId: string;
  readonly stepId: string;
  readonly tenant: string;
  readonly workClass: WorkClass;
  readonly priority: Priority;
  readonly deadlineMs: number;
  readonly options: readonly SlotOption[];
  /** Empty for work without a model: it runs in the service's own process. */
  readonly modelDigest: string;
  /** Empty where no inference host runs yet. */
  readonly hostId: string;
  readonly resume: Epoch | undefined;
  /** Nothing may run beside it. */
  readonly alone?: boolean;
  /** It has begun where it is: it is not passed on. */
  readonly underWay?: boolean;
};

/** What a holder measured. Bytes of 0: not known. */
export type Measurement = { readonly peakBytes: number; readonly runMs: number; readonly outOfMemory: boolean };

/** What a reporter is asked to do. */
export type Command =
  | { readonly kind: "evictHost"; readonly hostId: string }
  | { readonly kind: "cleanUp"; readonly wantedBytes: number };

/** What follows from an event. The reducer decides it, the runtime carries it out. */
export type Effect =
  | {
      readonly kind: "grant";
      readonly callId: string;
      readonly slotId: string;
      readonly deviceId: string;
      readonly optionIndex: number;
      readonly epoch: Epoch;
      readonly validMs: number;
    }
  | { readonly kind: "queued"; readonly callId: string; readonly position: number; readonly why: WaitReason }
  | { readonly kind: "revoke"; readonly callId: string; readonly why: string }
  /** The call ends without a slot: this instance has the model ready and room for the work. */
  | { readonly kind: "pass"; readonly callId: string; readonly instance: string }
  /** The call ends with this error: refused before a grant, or expired after it. */
  | { readonly kind: "end"; readonly callId: string; readonly error: AppError }
  | { readonly kind: "command"; readonly reporterId: string; readonly command: Command };

/** Who a report or request comes from, as one name. */
export function toReporterId(service: string, instance: string): string {
  return `${service}/${instance}`;
}
