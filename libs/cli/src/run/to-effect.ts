import { type Effect, type EffectDescription, ParameterType, type Value } from "@pixelmesh/proto";
import { toHexColor } from "../options/css-colors.ts";
import type { EffectText } from "./effect-text.ts";

/**
 * The effect with its settings as the catalogue types them. What the catalogue does not know, or is not of its type, stays
 * text: the mesh refuses it, naming what it expected. Never throws.
 */
export function toEffect({ name, settings }: EffectText, catalogue: readonly EffectDescription[]): Effect {
  const described = catalogue.find((effect) => effect.name === name)?.parameters ?? [];
  const parameters = Object.entries(settings).map(([key, text]) => {
    const type = described.find((parameter) => parameter.name === key)?.type;
    return [key, { kind: toKind(text, type) }] as const;
  });
  return { name, parameters: Object.fromEntries(parameters) };
}

function toKind(text: string, type: ParameterType | undefined): NonNullable<Value["kind"]> {
  const asText = { $case: "text", value: text } as const;
  switch (type) {
    case ParameterType.NUMBER:
    case ParameterType.INTEGER:
      return /^[+-]?(\d+\.?\d*|\.\d+)$/.test(text) ? { $case: "number", value: Number(text) } : asText;
    case ParameterType.FLAG:
      return text === "true" || text === "false" ? { $case: "flag", value: text === "true" } : asText;
    case ParameterType.COLOR:
      return { $case: "color", value: toHexColor(text) ?? text };
    default:
      return asText;
  }
}
