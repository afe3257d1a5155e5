import type { FrameStore, PictureLimits, Raster } from "@pixelmesh/imaging";
import type { LargerModel, Step } from "@pixelmesh/proto";
import type { AnyHandler, PictureSize } from "../step-handler.ts";
import type { SharedBeginnings } from "./shared-beginnings.ts";

/** The work of one step, for a job or for a direct call. */
export type StepWork = {
  readonly handler: AnyHandler;
  readonly step: Step;
  readonly sizes: readonly PictureSize[];
  /** The job's limits; those of the service for a direct call. */
  readonly limits: PictureLimits;
  /** Holds pictures for a handler that takes rasters. The caller closes it after using the outcome. */
  readonly frameStore: FrameStore;
  /** See `StepContext.largerModels`. */
  readonly largerModels?: readonly LargerModel[] | undefined;
  /** Returns the beginnings that the step shares with others, once its pictures are loaded. A direct call shares none. */
  readonly beginnings?: () => SharedBeginnings | undefined;
  /** Loads the pictures into a frame store, while the step waits for its slot. */
  readonly loadInputs: (loading: {
    readonly frameStore: FrameStore;
    readonly signal: AbortSignal;
  }) => Promise<readonly Raster[]>;
};
