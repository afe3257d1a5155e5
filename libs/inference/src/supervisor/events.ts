import type { Reason } from "@pixelmesh/errors";
import type { Provider } from "../protocol/provider.ts";

/**
 * Why a host process ended. `crashed`: it exited by itself or was killed from outside. `hung`: it did not respond within its
 * time limit. `poisoned`: its runtime failed or returned a wrong result.
 */
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

/** An event of an inference host, for metrics. */
export type HostEvent =
  | { readonly type: "started"; readonly provider: Provider; readonly startMs: number }
  | { readonly type: "ended"; readonly reason: HostEndReason }
  | { readonly type: "loaded"; readonly model: string; readonly loadMs: number }
  | { readonly type: "ran"; readonly model: string; readonly outcome: RunOutcome; readonly ms: number }
  /** A model lease was requested; `isLoaded` says whether the pool already holds the model. */
  | { readonly type: "acquired"; readonly model: string; readonly isLoaded: boolean }
  /** A run is retried on a fresh process. */
  | { readonly type: "retried"; readonly reason: Reason }
  /** A model was unloaded to make memory or a place free for another one. */
  | { readonly type: "evicted"; readonly model: string; readonly why: EvictionCause };

/** Why a model was evicted: device memory ran short, or the limit of models was reached. */
export type EvictionCause = "memory" | "count";
