import type { ListEffectsResponse } from "@pixelmesh/proto";
import { effectDescriptions } from "../domain/catalogue.ts";

/** ListEffects: the catalogue. */
export async function listEffects(): Promise<ListEffectsResponse> {
  return { effects: [...effectDescriptions()] };
}
