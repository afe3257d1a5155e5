import { memoryFrameStore, openSharedFrameStore, type Raster, type SharedFrameStore } from "@pixelmesh/imaging";
import { serveThread } from "@pixelmesh/lifecycle";
import type { Effect } from "@pixelmesh/proto";
import { parseEffects } from "../domain/catalogue/catalogue.ts";
import { applyChainTo } from "../domain/chain.ts";

/** A chain for a thread. The effects are unparsed, because parsed ones hold functions. */
export type ChainTask = {
  readonly frame: Raster;
  /** The further pictures of the step. */
  readonly pictures: readonly Raster[];
  readonly effects: readonly Effect[];
  /** Where the result lies; default: in memory. */
  readonly frameStore?: SharedFrameStore;
};

serveThread<ChainTask, Raster>(({ frame, pictures, effects, frameStore }, context) =>
  applyChainTo(frame, parseEffects(effects), frameStore ? openSharedFrameStore(frameStore) : memoryFrameStore, {
    ...context,
    pictures,
  }),
);
