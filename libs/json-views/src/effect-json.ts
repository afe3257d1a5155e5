import { type EffectDescription, ParameterType } from "@pixelmesh/proto";
import { toEnumWord } from "./enum-word.ts";

/** Converts an effect to JSON, with words for enums and plain values for settings. */
export function toEffectJson({ parameters, chain, ...effect }: EffectDescription) {
  return {
    ...effect,
    chain: chain.map((link) => ({ name: link.name, parameters: toPlainSettings(link.parameters) })),
    parameters: parameters.map((it) => ({
      ...it,
      type: toEnumWord(ParameterType, it.type),
      defaultValue: it.defaultValue?.kind?.value ?? null,
    })),
  };
}

function toPlainSettings(settings: EffectDescription["chain"][number]["parameters"]) {
  return Object.fromEntries(Object.entries(settings).map(([key, { kind }]) => [key, kind?.value ?? null]));
}
