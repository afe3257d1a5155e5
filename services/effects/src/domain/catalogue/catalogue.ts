import { AppError, expected } from "@pixelmesh/errors";
import type { Effect, EffectDescription } from "@pixelmesh/proto";
import { blackAndWhite } from "../effects/black-and-white.ts";
import { dither } from "../effects/dither.ts";
import { popArt } from "../effects/pop-art.ts";
import { retro8bit } from "../effects/retro-8bit.ts";
import type { EffectDefinition, ParsedEffect } from "./define-effect.ts";

const definitions: readonly EffectDefinition[] = [blackAndWhite, popArt, retro8bit, dither];
const byName = new Map(definitions.map((definition) => [definition.description.name, definition]));
const known = [...byName.keys()].join(", ");

/** Largest number of effects in a chain. */
export const maxEffects = 16;

/** Returns every effect with its settings, types and ranges. */
export function effectDescriptions(): readonly EffectDescription[] {
  return definitions.map((definition) => definition.description);
}

/**
 * Checks one effect and fills in missing settings. Throws UNKNOWN_EFFECT (metadata `known`) for an unknown name and
 * INVALID_ARGUMENT for a setting that is unknown or out of range. `field` is the effect's path in the request.
 */
export function parseEffect(effect: Effect, field = "effect"): ParsedEffect {
  const definition = byName.get(effect.name);
  if (definition === undefined) {
    const { message, fields } = expected(`${field}.name`, `one of ${known}`, effect.name);
    throw new AppError("UNKNOWN_EFFECT", message, { fields, metadata: { known } });
  }
  return definition.parse(effect, field);
}

/** Checks the effects of a chain, 1 to 16 of them. Throws as `parseEffect` does, with the effect's index in the path. */
export function parseEffects(effects: readonly Effect[], field = "effects"): readonly ParsedEffect[] {
  if (effects.length < 1 || effects.length > maxEffects) {
    throw expected(field, `a list of 1 to ${maxEffects} effects`, effects.length);
  }
  return effects.map((effect, index) => parseEffect(effect, `${field}[${index}]`));
}
