import type { Reason } from "@pixelmesh/errors";
import type { ModelEntry } from "../models/manifest.ts";
import type { HostFault } from "./faults.ts";
import type { Provider } from "./provider.ts";

/** Threads of the CPU provider: inside one operator, and between operators. */
export type HostThreads = { readonly intraOp: number; readonly interOp: number };

/** The part of a model's entry that a host process needs. */
export type HostModel = {
  /** Name and digest: another file under the same name is another model. */
  readonly key: string;
  readonly path: string;
  readonly task: ModelEntry["task"];
  readonly scale: number;
  readonly input: ModelEntry["input"];
  readonly output: ModelEntry["output"];
  readonly sizeMultiple: number;
};

/** A message from a service to its host process. */
export type HostMessage =
  | {
      readonly type: "start";
      readonly id: number;
      readonly providers: readonly Provider[];
      readonly deviceIndex: number;
      readonly threads: HostThreads;
      readonly faults: readonly HostFault[];
      /** Number of this process among all that this host has started, from 1. */
      readonly generation: number;
    }
  /** `isProven`: another process of this machine has run the file, so a run on the processor need not prove it again. */
  | { readonly type: "load"; readonly id: number; readonly model: HostModel; readonly isProven: boolean }
  | { readonly type: "unload"; readonly id: number; readonly key: string }
  /** The pixels follow as the payload. */
  | {
      readonly type: "run";
      readonly id: number;
      readonly key: string;
      readonly widthPx: number;
      readonly heightPx: number;
      readonly channels: 1 | 3;
      readonly slotId: string | null;
    }
  | { readonly type: "stats"; readonly id: number }
  /** Cancels a request that has not begun; the host responds to that request with `failed` and CANCELLED. */
  | { readonly type: "cancel"; readonly target: number }
  /** Until when, on the machine's monotonic clock, runs of a slot are accepted. */
  | { readonly type: "grant"; readonly slotId: string; readonly validUntilMs: number }
  | { readonly type: "endGrant"; readonly slotId: string }
  /** Respond to every request received so far, then exit. */
  | { readonly type: "bye" };

/** A message with an `id`. The host sends one response to each, in the order of the requests. */
export type HostRequest = Extract<HostMessage, { id: number }>;

/** A provider that was tried and could not be proven. */
export type RefusedProvider = { readonly provider: Provider; readonly why: string };

/** A host process's response to the request of the same `id`. */
export type HostResponse =
  | {
      readonly type: "started";
      readonly id: number;
      readonly provider: Provider;
      readonly refused: readonly RefusedProvider[];
      readonly runtime: string;
    }
  | { readonly type: "loaded"; readonly id: number; readonly wasLoaded: boolean; readonly loadMs: number }
  | { readonly type: "unloaded"; readonly id: number; readonly wasLoaded: boolean }
  /** Payload: u8 pixels of an upscaler, f32 values (little-endian) of a matte. */
  | {
      readonly type: "result";
      readonly id: number;
      readonly widthPx: number;
      readonly heightPx: number;
      readonly runMs: number;
    }
  | { readonly type: "stats"; readonly id: number; readonly residentBytes: number }
  | {
      readonly type: "failed";
      readonly id: number;
      readonly reason: Reason;
      /** For the caller. */
      readonly message: string;
      /** For the log: the error text of the runtime. */
      readonly detail: string;
      /** Whether the process must not be used again. */
      readonly poisoned: boolean;
    };

/** Milliseconds on the monotonic clock that all processes of a machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
