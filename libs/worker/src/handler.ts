import type { Frame } from "@pixelmesh/imaging";
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
};

/** What surrounds a running step. */
export type StepContext = {
  /** Aborted on cancel, deadline, revocation and when the grant has run out. */
  readonly signal: AbortSignal;
  /** Part done, 0 to 1. */
  readonly onProgress: (fraction: number) => void;
  /** The option that was granted. */
  readonly option: SlotOption;
  readonly slotId: string;
  /** The device that was granted. */
  readonly deviceId: string;
  /** Calls back with each renewal of the grant: how long it is valid from now. */
  readonly onRenewed: (listener: (validMs: number) => void) => void;
};

/** What a step made. */
export type StepOutcome = {
  readonly frame: Frame;
  readonly provider?: string;
  /** What its slot really took at its peak, where that was measured: the scheduler learns from it. */
  readonly peakBytes?: number;
  readonly adaptations?: readonly Adaptation[];
  readonly notices?: readonly Notice[];
};

/** One operation of a service: the same code serves job steps and direct calls. */
export type StepHandler = {
  need(step: Step, inputs: readonly PictureSize[]): SlotNeed | Promise<SlotNeed>;
  /** The pictures are the run's from then on: their memory may go elsewhere. */
  run(step: Step, inputs: readonly Frame[], context: StepContext): Promise<StepOutcome>;
};
