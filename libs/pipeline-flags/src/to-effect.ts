import { type EffectText, toHexColor } from "@pixelmesh/flag-values";
import {
  type Effect,
  type EffectDescription,
  type ParameterDescription,
  ParameterType,
  type Value,
} from "@pixelmesh/proto";

/**
 * Converts an effect with the types of the catalogue. An unknown setting, or one that is not of its type, stays text: the mesh
 * refuses it and names the expected type. `placeOf` returns the place of the file of a setting `@FILE` among the further inputs of the step. Throws
 * only what it throws.
 */
export function toEffect(
  { name, settings }: EffectText,
  catalogue: readonly EffectDescription[],
  placeOf: (path: string) => number,
): Effect {
  const described = catalogue.find((effect) => effect.name === name)?.parameters ?? [];
  return { name, parameters: toTypedSettings(settings, described, placeOf) };
}

/** Converts settings as they were typed with the types of described parameters, as `toEffect` does. */
export function toTypedSettings(
  settings: EffectText["settings"],
  described: readonly ParameterDescription[],
  placeOf: (path: string) => number,
): { [name: string]: Value } {
  const parameters = Object.entries(settings).map(([key, text]) => {
    const type = described.find((parameter) => parameter.name === key)?.type;
    return [key, { kind: toKind(text, type, placeOf) }] as const;
  });
  return Object.fromEntries(parameters);
}

function toKind(
  text: string,
  type: ParameterType | undefined,
  placeOf: (path: string) => number,
): NonNullable<Value["kind"]> {
  const asText = { $case: "text", value: text } as const;
  switch (type) {
    case ParameterType.NUMBER:
    case ParameterType.INTEGER:
      return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? { $case: "number", value: Number(text) } : asText;
    case ParameterType.FLAG:
      return text === "true" || text === "false" ? { $case: "flag", value: text === "true" } : asText;
    case ParameterType.COLOR:
      return { $case: "color", value: toHexColor(text) ?? text };
    case ParameterType.INPUT:
      if (text === "0") return { $case: "input", value: 0 };
      return text.startsWith("@") ? { $case: "input", value: placeOf(text.slice(1)) } : asText;
    default:
      return asText;
  }
}
