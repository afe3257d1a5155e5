import {
  type Frame,
  type FrameStore,
  memoryFrameStore,
  type PictureLimits,
  type Raster,
  toWholeFrame,
} from "@pixelmesh/imaging";
import type { Adaptation, LargerModel, Notice, SlotOption, Step, StepCost, WorkClass } from "@pixelmesh/proto";
import type { SlotAccount } from "./slots/slot-account.ts";
import type { OnWait } from "./slots/step-wait.ts";
import type { SharedBeginnings } from "./steps/shared-beginnings.ts";

/** Size of a picture that may not be loaded yet. `channels` 0: unknown. */
export type PictureSize = { readonly widthPx: number; readonly heightPx: number; readonly channels: number };

/** One way to run a step. `hostId`: the narrow host that it would run in; empty: the host of the need. */
export type StepOption = Omit<SlotOption, "hostId"> & { readonly hostId?: string };

/** Width and height of an input in pixels. */
export type InputSize = Pick<PictureSize, "widthPx" | "heightPx">;

/** The device needs of a step. They follow from sizes alone, so that the slot is requested while the pictures are loaded. */
export type SlotNeed = {
  readonly workClass: WorkClass;
  /** Acceptable options, preferred first; the grant names one. */
  readonly options: readonly StepOption[];
  /** Acceptable devices, preferred first; default: this machine's memory. */
  readonly deviceIds?: readonly string[];
  readonly model?: string;
  readonly modelDigest?: string;
  /** The inference host that will run it. */
  readonly hostId?: string;
  /** Memory that the host holds now. */
  readonly heldBytes?: number;
  /** Whether the model is not loaded in that host yet. */
  readonly isCold?: boolean;
  /** How long to wait before the slot is requested, so that a recently loaded model is not evicted. */
  readonly evictionDelayMs?: number;
};

/** The grant of a step's slot. */
export type StepGrant = {
  /** The option that was granted. */
  readonly option: StepOption;
  readonly slotId: string;
  /** The device that was granted. */
  readonly deviceId: string;
  /** Calls `listener` now and after each renewal with the time in ms for which the grant is valid. */
  readonly onRenewed: (listener: (validMs: number) => void) => void;
};

/** Grant, signal and callbacks of a running step. */
export type StepContext = StepGrant & {
  /** Aborted on cancel, deadline and revocation, and when the grant has expired. */
  readonly signal: AbortSignal;
  /** Reports the fraction done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  /** Is told what the run waits for, and when it waits no more. */
  readonly onWait?: OnWait | undefined;
  /**
   * After an out-of-memory failure: releases the slot and requests a smaller one, with which the work may continue: the next smaller
   * option, at most twice, then a device alone. Throws `error` if it is another failure, or if there is no smaller option.
   */
  readonly retryAfterOutOfMemory: (error: unknown) => Promise<StepGrant>;
  /**
   * Releases the slot and waits for the one that `step` needs: this step with another model, on the same pictures. Throws the scheduler's
   * refusal; then the step holds no slot, and may request another one.
   */
  readonly nextSlot: (step: Step) => Promise<StepGrant>;
  /**
   * Releases the slot before the end of the run, which has then only work to do that takes no slot elsewhere either, such as encoding: on one thread, with
   * pictures that the step holds anyway. Other steps use the model meanwhile. Idempotent.
   */
  readonly releaseSlot?: (() => void) | undefined;
  /** The job, tenant and deadline of the step. */
  readonly account?: SlotAccount;
  /** The models that a job has planned for results of low confidence, in order. Undefined for a direct call, which has no plan. */
  readonly largerModels?: readonly LargerModel[] | undefined;
};

/** The outcome of a run. */
export type StepOutcome<Picture extends Raster = Frame> = {
  readonly frame: Picture;
  readonly provider?: string;
  /** Measured peak memory of the run in bytes, if known. It updates the scheduler's memory profiles. */
  readonly peakBytes?: number;
  readonly adaptations?: readonly Adaptation[];
  readonly notices?: readonly Notice[];
  /** How sure the model was, 0 to 1, if it can be told. */
  readonly confidence?: number | undefined;
  /** The model that made the result, if it is not the model of the need. */
  readonly madeBy?: { readonly model: string; readonly modelDigest: string } | undefined;
  /** Whether equal steps may use the result. False if they might get another one, because a model could not be tried. Default true. */
  readonly isShareable?: boolean;
  /** What a hosted model costs. */
  readonly cost?: StepCost | undefined;
  /** Called once the result is stored. */
  readonly onStored?: () => Promise<void>;
};

type WithNeed = {
  need(step: Step, inputs: readonly PictureSize[], limits: PictureLimits): SlotNeed | Promise<SlotNeed>;
};

/** Handles one operation on pictures in memory, for job steps and direct calls. */
export type StepHandler = WithNeed & {
  /** The run owns the pictures: it may transfer their memory to another thread. */
  run(step: Step, inputs: readonly Frame[], context: StepContext): Promise<StepOutcome>;
};

/** Handles one operation on pictures that may be too large for memory. The frame store holds them and the result. */
export type RasterHandler = WithNeed & {
  /**
   * The size at which the step wants its input, for a step that only shrinks. An encoded picture is then shrunk while it is decoded.
   * The run may still get another size: a picture that is a frame already, or too small.
   */
  inputSize?(step: Step, input: PictureSize): InputSize;
  /**
   * Waits until the step of a job may hold its pictures. They are then loaded with the slot, not while the step waits for it: for steps of which many wait at
   * once. Resolves to a function that is called once the pictures are released.
   */
  enter?(signal: AbortSignal): Promise<() => void>;
  /**
   * The run must not change its inputs: other steps of the job may use them at the same time. `Threads.run` of @pixelmesh/lifecycle transfers
   * memory only if the run has it to itself. The run may return an input as its result.
   */
  runRasters(step: Step, inputs: readonly Raster[], context: RasterContext): Promise<StepOutcome<Raster>>;
};

/** Context of a running step that takes rasters. */
export type RasterContext = StepContext & {
  readonly frameStore: FrameStore;
  /** The beginnings that the step shares with other steps of its job; undefined if there are none. */
  readonly beginnings?: SharedBeginnings | undefined;
};

/** Adds `run` for pictures in memory to a handler of rasters. */
export function withFrames(handler: RasterHandler): RasterHandler & StepHandler {
  return {
    ...handler,
    async run(step, inputs, context) {
      const outcome = await handler.runRasters(step, inputs, { ...context, frameStore: memoryFrameStore });
      return { ...outcome, frame: await toWholeFrame(outcome.frame) };
    },
  };
}

/** Returns the bytes of a picture in memory; 0 if it is above `maxFrameBytes` and kept in a file. Unknown channels count as 4. */
export function heldBytes({ widthPx, heightPx, channels }: PictureSize, maxFrameBytes: number): number {
  const bytes = widthPx * heightPx * (channels || 4);
  return bytes <= maxFrameBytes ? bytes : 0;
}

/** A handler of either kind. */
export type AnyHandler = StepHandler | RasterHandler;

/** Returns the size at which the handler wants an input of this size; undefined for the input's own. */
export function inputSizeOf(handler: AnyHandler, step: Step, input: PictureSize): InputSize | undefined {
  return "runRasters" in handler ? handler.inputSize?.(step, input) : undefined;
}
