import type { Epoch, SlotOption } from "@pixelmesh/proto";

/** How heavy work is; see WorkClass in the contract. */
export type WorkClass = "light" | "heavy" | "exclusive";

/** All work classes. */
export const workClasses: readonly WorkClass[] = ["light", "heavy", "exclusive"];

/** The priority of a request: interactive requests are tried before batch requests. */
export type Priority = "interactive" | "batch";

/**
 * Why a request waits. `class`: no free slot of its class; `company`: other work on the device that may not run beside it; `tokens`: too few
 * compute tokens, or no free host that holds one slot at a time; `reservation`: the device is reserved for a request that has waited
 * longer; `stale`: none of its devices has a fresh report. Of a provider: `provider_closed`: it takes no calls for a while; `tenant_calls` and
 * `model_calls`: as many calls of the tenant or of the model as it takes.
 */
export type WaitReason =
  | "memory"
  | "class"
  | "company"
  | "tokens"
  | "zone"
  | "reservation"
  | "stale"
  | "provider_closed"
  | "tenant_calls"
  | "model_calls";

/** One way to run the work. `hostId`: a host that holds one slot at a time; empty: the host of the request. */
export type RunOption = Omit<SlotOption, "hostId"> & { readonly hostId?: string };

/** A request for a slot. Times on the scheduler's clock; a deadline of Infinity: only the rules' `maxWaitMs` ends the wait. */
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
  readonly options: readonly RunOption[];
  /** Its name; empty or left out for work without a model. */
  readonly model?: string;
  /** Empty for work without a model, which runs in the service's own process. */
  readonly modelDigest: string;
  /** The host of options without one of their own. Empty if no inference host runs yet. */
  readonly hostId: string;
  readonly resume: Epoch | undefined;
  /** No other work may run beside it. */
  readonly alone?: boolean;
  /** The work has begun in this process, so it is not redirected to a peer. */
  readonly underWay?: boolean;
};

/** What a holder measured during its run. Bytes of 0: unknown. */
export type Measurement = { readonly peakBytes: number; readonly runMs: number; readonly outOfMemory: boolean };

/** Returns the host that would run an option; empty if none is known. */
export function hostIdOf({ options, hostId }: SlotRequest, optionIndex: number): string {
  return options[optionIndex]?.hostId || hostId;
}

/** Returns the hosts of all options of a request. */
export function hostIdsOf(request: SlotRequest): ReadonlySet<string> {
  return new Set(request.options.map((_, index) => hostIdOf(request, index)));
}
