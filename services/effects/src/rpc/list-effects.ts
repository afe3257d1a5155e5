import type { ListEffectsResponse } from "@pixelmesh/proto";
import { effectDescriptions } from "../domain/catalogue/catalogue.ts";
import { presetDescriptions } from "../domain/catalogue/presets.ts";

/** Handles ListEffects: returns the catalogue, presets last. */
export async function listEffects(): Promise<ListEffectsResponse> {
  return { effects: [...effectDescriptions(), ...presetDescriptions()] };
}
