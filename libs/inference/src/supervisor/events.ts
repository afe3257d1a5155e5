import type { Reason } from "@pixelmesh/errors";
import type { Provider } from "../protocol/provider.ts";

/** Why a host process ended. `crashed`: by itself, or killed from outside. `hung`: it did not answer within its bound. `poisoned`: its runtime failed or answered wrongly. */
export type HostEndReason =
  | "crashed"
  | "hung"
  | "poisoned"
  | "out_of_memory"
  | "recycled"
  | "not_proven"
  | "idle"
  | "evicted"
  | "unloaded"
  | "closed";

/** How a run ended; `failed` is a runtime error or a process that died. */
export type RunOutcome = "ok" | "invalid" | "out_of_memory" | "failed";

/** What happens in hosts, for metrics. */
export type HostEvent =
  | { readonly type: "started"; readonly provider: Provider; readonly startMs: number }
  | { readonly type: "ended"; readonly reason: HostEndReason }
  | { readonly type: "loaded"; readonly model: string; readonly loadMs: number }
  | { readonly type: "ran"; readonly model: string; readonly outcome: RunOutcome; readonly ms: number }
  /** Somebody takes a model to work with: it is in memory already, or has to be loaded. */
  | { readonly type: "taken"; readonly model: string; readonly isResident: boolean }
  /** A run is done once more on a fresh process. */
  | { readonly type: "repeated"; readonly reason: Reason }
  | { readonly type: "unloaded"; readonly model: string; readonly why: UnloadCause };

/** Why a model had to go for another: memory is short, or as many are here as may be at once. */
export type UnloadCause = "memory" | "count";
