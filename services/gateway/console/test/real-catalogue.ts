import { toEffectJson } from "@pixelmesh/json-views";
import { effectDescriptions } from "../../../effects/src/domain/catalogue/catalogue.ts";
import { presetDescriptions } from "../../../effects/src/domain/catalogue/presets.ts";
import type { EffectDescription } from "../src/api/types.ts";

/** The effects and presets of this checkout, as the gateway lists them. */
export const realCatalogue: readonly EffectDescription[] = [...effectDescriptions(), ...presetDescriptions()].map(
  (effect) => toEffectJson(effect) as EffectDescription,
);
