import type { ListEffectsResponse } from "@pixelmesh/proto";
import { effectDescriptions } from "../domain/catalogue/catalogue.ts";

/** Handles ListEffects: returns the catalogue. */
export async function listEffects(): Promise<ListEffectsResponse> {
  return { effects: [...effectDescriptions()] };
}
