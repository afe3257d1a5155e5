import type { ServiceBase } from "@pixelmesh/service";
import type { Budgets } from "../budgets/open-budgets.ts";
import type { ManifestModel, ManifestProvider } from "../domain/manifest.ts";
import type { Provider } from "../domain/provider.ts";
import type { PredictionStore } from "../predictions/prediction-store.ts";
import type { ProviderGate } from "./provider-gate.ts";

/** A provider of the manifest, with what this process knows of it. */
export type OpenProvider<P extends Provider = Provider> = {
  readonly settings: ManifestProvider;
  readonly provider: P;
  readonly gate: ProviderGate;
};

/** Dependencies of calls. */
export type CallParts = {
  readonly base: Pick<ServiceBase, "log" | "metrics">;
  readonly predictions: PredictionStore;
  readonly budgets: Budgets;
  /** Wall-clock time in ms. */
  readonly nowUnixMs: () => number;
};

/** A step that calls a hosted model. */
export type CallingStep = {
  readonly tenant: string;
  readonly jobId: string;
  readonly stepId: string;
  /** From 1. */
  readonly attempt: number;
};

/** Returns until when the budget of a call is reserved: for the call's own time, and time for the redelivery of its step. */
export function reservedUntil(model: ManifestModel, nowUnixMs: number): number {
  return nowUnixMs + model.timeoutMs + redeliveryMs;
}

const redeliveryMs = 10 * 60_000;
