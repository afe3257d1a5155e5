import type { Frame } from "@pixelmesh/imaging";
import type { ParsedEffect } from "../src/domain/catalogue/define-effect.ts";
import { applyChain } from "../src/domain/chain.ts";

/** Applies a chain with strips of `stripRows` rows. */
export function applyInStrips(frame: Frame, chain: readonly ParsedEffect[], stripRows: number): Promise<Frame> {
  return applyChain(frame, chain, { stripRows });
}
