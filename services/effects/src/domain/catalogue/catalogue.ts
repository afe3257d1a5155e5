import { AppError, expected } from "@pixelmesh/errors";
import type { ApplyEffectsOperation, Effect, EffectDescription } from "@pixelmesh/proto";
import { blackAndWhite } from "../effects/black-and-white.ts";
import { blur } from "../effects/blur.ts";
import { clarity } from "../effects/clarity.ts";
import { color } from "../effects/color.ts";
import { crop } from "../effects/crop.ts";
import { curves } from "../effects/curves.ts";
import { denoise } from "../effects/denoise.ts";
import { dither } from "../effects/dither.ts";
import { duotone } from "../effects/duotone.ts";
import { edgeSketch } from "../effects/edge-sketch.ts";
import { halftone } from "../effects/halftone.ts";
import { invert } from "../effects/invert.ts";
import { jpegGlitch } from "../effects/jpeg-glitch.ts";
import { motion } from "../effects/motion.ts";
import { noise } from "../effects/noise.ts";
import { outline } from "../effects/outline.ts";
import { padding } from "../effects/padding.ts";
import { pixelSort } from "../effects/pixel-sort.ts";
import { popArt } from "../effects/pop-art.ts";
import { posterize } from "../effects/posterize.ts";
import { retro8bit } from "../effects/retro-8bit.ts";
import { rgbSplit } from "../effects/rgb-split.ts";
import { sepia } from "../effects/sepia.ts";
import { shadow } from "../effects/shadow.ts";
import { shake } from "../effects/shake.ts";
import { sharpen } from "../effects/sharpen.ts";
import { threshold } from "../effects/threshold.ts";
import { vignette } from "../effects/vignette.ts";
import { watermark } from "../effects/watermark.ts";
import type { EffectDefinition, ParsedEffect } from "./define-effect.ts";
import { findPreset } from "./presets.ts";

const definitions: readonly EffectDefinition[] = [
  blackAndWhite,
  popArt,
  retro8bit,
  dither,
  halftone,
  color,
  curves,
  duotone,
  invert,
  posterize,
  sepia,
  vignette,
  threshold,
  noise,
  rgbSplit,
  shake,
  motion,
  pixelSort,
  jpegGlitch,
  blur,
  sharpen,
  clarity,
  denoise,
  edgeSketch,
  crop,
  padding,
  shadow,
  outline,
  watermark,
];
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

/**
 * Checks the effects of a chain, 1 to 16 of them, presets replaced by their chains. Throws as `parseEffect` does, with the effect's index in the path.
 */
export function parseEffects(effects: readonly Effect[], field = "effects"): readonly ParsedEffect[] {
  const parsed = effects.flatMap((effect, index) => {
    const place = `${field}[${index}]`;
    const preset = findPreset(effect.name);
    if (preset === undefined) return [parseEffect(effect, place)];
    const [given] = Object.keys(effect.parameters);
    if (given !== undefined) throw expected(`${place}.parameters`, "empty for a preset", given);
    return preset.chain.map((part) => parseEffect(part, place));
  });
  if (parsed.length >= 1 && parsed.length <= maxEffects) return parsed;
  throw expected(field, `a list of 1 to ${maxEffects} effects, those of presets included`, parsed.length);
}

/** Does the same for an operation, and puts its effects into their default order if it says so. */
export function parseOperation(
  { effects, defaultOrder = false }: Pick<ApplyEffectsOperation, "effects" | "defaultOrder">,
  field = "operation",
): readonly ParsedEffect[] {
  const parsed = parseEffects(effects, `${field}.effects`);
  if (!defaultOrder) return parsed;
  const rankOf = ({ name }: ParsedEffect) => byName.get(name)?.description.defaultRank ?? 0;
  const ranked = parsed.filter((effect) => rankOf(effect) > 0).sort((a, b) => rankOf(a) - rankOf(b));
  return parsed.map((effect) => (rankOf(effect) > 0 ? (ranked.shift() ?? effect) : effect));
}
