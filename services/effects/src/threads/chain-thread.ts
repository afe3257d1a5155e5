import type { Frame } from "@pixelmesh/imaging";
import { serveThread } from "@pixelmesh/lifecycle";
import type { Effect } from "@pixelmesh/proto";
import { parseEffects } from "../domain/catalogue.ts";
import { applyChain } from "../domain/chain.ts";

/** A chain for a thread: the effects as they are written, for what they are parsed to holds functions. */
export type ChainTask = { readonly frame: Frame; readonly effects: readonly Effect[] };

serveThread<ChainTask, Frame>(({ frame, effects }, context) => applyChain(frame, parseEffects(effects), context));
