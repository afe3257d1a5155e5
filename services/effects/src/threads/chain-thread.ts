import { type LentRoom, memoryRoom, openLentRoom, type Raster } from "@pixelmesh/imaging";
import { serveThread } from "@pixelmesh/lifecycle";
import type { Effect } from "@pixelmesh/proto";
import { parseEffects } from "../domain/catalogue.ts";
import { applyChainTo } from "../domain/chain.ts";

/** A chain for a thread: the effects as they are written, for what they are parsed to holds functions. */
export type ChainTask = {
  readonly frame: Raster;
  readonly effects: readonly Effect[];
  /** Where the result is kept; default: in memory. */
  readonly room?: LentRoom;
};

serveThread<ChainTask, Raster>(({ frame, effects, room }, context) =>
  applyChainTo(frame, parseEffects(effects), room ? openLentRoom(room) : memoryRoom, context),
);
