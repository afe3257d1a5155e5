import { type EffectDescription, ParameterType } from "@pixelmesh/client";
import { toEnumWord } from "./enum-word.ts";
import { toTable } from "./text.ts";

type Parameter = EffectDescription["parameters"][number];

/** Formats effects as a table. */
export function describeEffects(effects: readonly EffectDescription[]): string {
  const rows = effects.map(({ name, parameters, description }) => [
    name,
    parameters.map((parameter) => parameter.name).join(" "),
    description,
  ]);
  return toTable([["EFFECT", "PARAMETERS", "WHAT IT DOES"], ...rows]);
}

/** Formats one effect with its parameters, as `--effect NAME:key=value` takes them. */
export function describeEffect({ name, description, parameters }: EffectDescription): string {
  const rows = parameters.map((it) => [it.name, toForm(it), toDefault(it), it.description]);
  return `${name}: ${description}\n${toTable([["PARAMETER", "FORM", "DEFAULT", "WHAT IT DOES"], ...rows])}`;
}

/** Converts an effect to the JSON of `effects --json`, with words for enums. */
export function toEffectJson({ parameters, ...effect }: EffectDescription) {
  return {
    ...effect,
    parameters: parameters.map((it) => ({
      ...it,
      type: toEnumWord(ParameterType, it.type),
      defaultValue: it.defaultValue?.kind?.value ?? null,
    })),
  };
}

function toForm({ type, choices, minimum, maximum, unit, form }: Parameter): string {
  switch (type) {
    case ParameterType.CHOICE:
      return choices.join(", ");
    case ParameterType.FLAG:
      return "true, false";
    case ParameterType.COLOR:
      return "#rrggbb, #rgb or a CSS name";
    case ParameterType.TEXT:
      return form;
    default:
      return `${type === ParameterType.INTEGER ? "integer " : ""}${minimum} to ${maximum}${unit && ` ${unit}`}`;
  }
}

function toDefault({ defaultValue }: Parameter): string {
  return `${defaultValue?.kind?.value ?? ""}`;
}
