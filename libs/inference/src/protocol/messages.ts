import type { Reason } from "@pixelmesh/errors";
import type { ModelEntry } from "../models/manifest.ts";
import type { HostThreads } from "../supervisor/types.ts";
import type { HostFault } from "./faults.ts";
import type { Provider } from "./provider.ts";

/** What the host process has to know of a model. */
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

/** What a service tells its host process. Those with an `id` are answered once, in the order in which they came. */
export type ToHost =
  | {
      readonly type: "start";
      readonly id: number;
      readonly providers: readonly Provider[];
      readonly deviceIndex: number;
      readonly threads: HostThreads;
      readonly faults: readonly HostFault[];
      /** How many processes of this host have been started, with this one. */
      readonly life: number;
    }
  | { readonly type: "load"; readonly id: number; readonly model: HostModel }
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
  /** Ends a request that has not begun; it is answered as failed with CANCELLED. */
  | { readonly type: "cancel"; readonly target: number }
  /** Until when, on the machine's monotonic clock, runs of a slot are accepted. */
  | { readonly type: "grant"; readonly slotId: string; readonly validUntilMs: number }
  | { readonly type: "endGrant"; readonly slotId: string }
  /** Answer what has come, then exit. */
  | { readonly type: "bye" };

/** A provider that was tried and could not be proven. */
export type RefusedProvider = { readonly provider: Provider; readonly why: string };

/** What a host process answers. */
export type FromHost =
  | {
      readonly type: "started";
      readonly id: number;
      readonly provider: Provider;
      readonly refused: readonly RefusedProvider[];
      readonly runtime: string;
    }
  | { readonly type: "loaded"; readonly id: number; readonly wasLoaded: boolean; readonly loadMs: number }
  | { readonly type: "unloaded"; readonly id: number; readonly wasLoaded: boolean }
  /** u8 pixels of an upscaler, f32 values (little-endian) of a matte, as the payload. */
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
      /** For the log: the runtime's own words. */
      readonly detail: string;
      /** Whether the process must not be used again. */
      readonly poisoned: boolean;
    };

/** Milliseconds on the monotonic clock that all processes of a machine share. */
export function monotonicMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
