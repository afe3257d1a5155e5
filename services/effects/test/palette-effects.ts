import type { Effect } from "@pixelmesh/proto";
import { toEffect } from "./pictures.ts";

/** Does the same as `toEffect`. The setting `colors` is a text, although it starts as a color does. */
export function toPaletteEffect(name: string, settings: Record<string, number | string | boolean> = {}): Effect {
  const { colors, ...others } = settings;
  const effect = toEffect(name, others);
  if (typeof colors !== "string") return effect;
  return { name, parameters: { ...effect.parameters, colors: { kind: { $case: "text", value: colors } } } };
}
