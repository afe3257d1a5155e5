import type { WorkClass } from "../admission/slot-request.ts";

/** Most calls at once: by class, and by the names of models and tenants. `*` stands for every tenant without an entry; no entry: no limit. */
export type CallLimits = Readonly<Record<WorkClass, number>> & {
  readonly models: Readonly<Record<string, number>>;
  readonly tenants: Readonly<Record<string, number>>;
};

/** What a reporter says of a provider. */
export type ProviderReport = {
  readonly limits: CallLimits;
  /** It gets no call for so long; 0: it is open. */
  readonly closedForMs: number;
  /** For people. */
  readonly closedWhy: string;
  /** Its next call shows whether it works again: one call at a time. */
  readonly isProbing: boolean;
};

/** Until when a provider gets no calls, on the scheduler's clock, and why. */
export type Closing = { readonly untilMs: number; readonly why: string };

/** The combined view of a provider of hosted models. */
export type ProviderState = {
  readonly limits: CallLimits;
  readonly closing: Closing;
  readonly isProbing: boolean;
  /** The longest closing that reporters told which are gone. */
  readonly goneClosing: Closing;
};

/** The device ids of providers begin with this. */
export const providerPrefix = "provider/";

/** Whether a device id is that of a provider. */
export function isProviderId(deviceId: string): boolean {
  return deviceId.startsWith(providerPrefix);
}
