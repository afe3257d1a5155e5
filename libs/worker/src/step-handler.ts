import { type Frame, memoryRoom, type PictureLimits, type Raster, type Room, toWholeFrame } from "@pixelmesh/imaging";
import type { Adaptation, Notice, SlotOption, Step, WorkClass } from "@pixelmesh/proto";

/** Size of a picture that may not be here yet. `channels` 0: not known. */
export type PictureSize = { readonly widthPx: number; readonly heightPx: number; readonly channels: number };

/** What a step needs of a device: known from sizes alone, so that the slot is asked for while the pictures come. */
export type SlotNeed = {
  readonly workClass: WorkClass;
  /** Acceptable ways to do it, preferred first; the grant names one. */
  readonly options: readonly SlotOption[];
  /** Acceptable devices, preferred first; default: this machine's memory. */
  readonly deviceIds?: readonly string[];
  readonly model?: string;
  readonly modelDigest?: string;
  /** The inference host that will run it, and what that holds now. */
  readonly hostId?: string;
  readonly heldBytes?: number;
  /** The model is not loaded in that host yet. */
  readonly isCold?: boolean;
  /** How long to wait before the slot is asked for, so that a model that has only just come is not displaced. */
  readonly patienceMs?: number;
};

/** What a step was granted. */
export type StepGrant = {
  /** The option that was granted. */
  readonly option: SlotOption;
  readonly slotId: string;
  /** The device that was granted. */
  readonly deviceId: string;
  /** Calls back with each renewal of the grant: how long it is valid from now. */
  readonly onRenewed: (listener: (validMs: number) => void) => void;
};

/** What surrounds a running step. */
export type StepContext = StepGrant & {
  /** Aborted on cancel, deadline, revocation and when the grant of the time has run out. */
  readonly signal: AbortSignal;
  /** Part done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  /**
   * After running out of memory: gives the slot back, and answers with what the work may go on with from where it is: the next
   * smaller option, twice at most, then a device alone. Rejects with `error` where that is another failure, or no way is left.
   */
  readonly again: (error: unknown) => Promise<StepGrant>;
};

/** What a step made. */
export type StepOutcome<Picture extends Raster = Frame> = {
  readonly frame: Picture;
  readonly provider?: string;
  /** What its slot really took at its peak, where that was measured: the scheduler learns from it. */
  readonly peakBytes?: number;
  readonly adaptations?: readonly Adaptation[];
  readonly notices?: readonly Notice[];
};

type Needing = {
  need(step: Step, inputs: readonly PictureSize[], limits: PictureLimits): SlotNeed | Promise<SlotNeed>;
};

/** One operation of a service, on pictures in memory: the same code serves job steps and direct calls. */
export type StepHandler = Needing & {
  /** The pictures are the run's from then on: their memory may go elsewhere. */
  run(step: Step, inputs: readonly Frame[], context: StepContext): Promise<StepOutcome>;
};

/** One whose pictures may be larger than memory should be: they, and the result, are kept as the room says. */
export type RasterHandler = Needing & {
  runRasters(step: Step, inputs: readonly Raster[], context: RasterContext): Promise<StepOutcome<Raster>>;
};

/** What surrounds a running step that takes rasters. */
export type RasterContext = StepContext & { readonly room: Room };

/** A handler of rasters that takes frames as well: all in memory. */
export function withFrames(handler: RasterHandler): RasterHandler & StepHandler {
  return {
    ...handler,
    async run(step, inputs, context) {
      const outcome = await handler.runRasters(step, inputs, { ...context, room: memoryRoom });
      return { ...outcome, frame: await toWholeFrame(outcome.frame) };
    },
  };
}

/** The bytes that a picture takes in memory: none where it is kept in a file. */
export function heldBytes({ widthPx, heightPx, channels }: PictureSize, maxFrameBytes: number): number {
  const bytes = widthPx * heightPx * (channels || 4);
  return bytes <= maxFrameBytes ? bytes : 0;
}

/** Either kind. */
export type AnyHandler = StepHandler | RasterHandler;
