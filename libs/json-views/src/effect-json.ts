import { type EffectDescription, ParameterType } from "@pixelmesh/proto";
import { toEnumWord } from "./enum-word.ts";

/** Converts an effect to JSON, with words for enums and plain values for settings. */
export function toEffectJson({ parameters, chain, ...effect }: EffectDescription) {
  return {
    ...effect,
    chain: chain.map((link) => ({ name: link.name, parameters: toPlainSettings(link.parameters) })),
    parameters: parameters.map(toParameterJson),
  };
}

/** Converts a parameter to JSON, with a word for its type and a plain default. */
export function toParameterJson(parameter: EffectDescription["parameters"][number]) {
  return {
    ...parameter,
    type: toEnumWord(ParameterType, parameter.type),
    defaultValue: parameter.defaultValue?.kind?.value ?? null,
  };
}

function toPlainSettings(settings: EffectDescription["chain"][number]["parameters"]) {
  return Object.fromEntries(Object.entries(settings).map(([key, { kind }]) => [key, kind?.value ?? null]));
}
