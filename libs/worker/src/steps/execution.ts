import type { Raster } from "@pixelmesh/imaging";
import type { OnWait } from "../slots/step-wait.ts";
import type { StepOutcome } from "../step-handler.ts";
import type { StepPlace } from "./step-estimates.ts";

/** Signal and callbacks of an execution. */
export type ExecutionControl = {
  readonly signal: AbortSignal;
  /** Called with the fraction done; it only grows, also if a run has several parts. */
  readonly onProgress: (fraction: number) => void;
  /** Called with what the step waits for, and with undefined when it no longer waits. */
  readonly onWait?: OnWait;
  /** Called when the slot is granted. */
  readonly onGranted?: (place: StepPlace) => void;
  /** Awaited before the run, when the slot is granted and the pictures are loaded. */
  readonly onStarted?: () => Promise<void>;
};

/** The outcome of a run, with its durations in milliseconds. */
export type ExecutionResult = {
  readonly outcome: StepOutcome<Raster>;
  /** The model that made the result. */
  readonly model: string;
  readonly modelDigest: string;
  /** Digest of the model that the step ran first. */
  readonly firstModelDigest: string;
  /** The device that was granted. */
  readonly deviceId: string;
  /** Whether the model had to be loaded first. */
  readonly isCold: boolean;
  /** All waits for slots. */
  readonly slotWaitMs: number;
  readonly runMs: number;
};
