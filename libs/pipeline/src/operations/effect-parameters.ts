import { AppError, expected } from "@pixelmesh/errors";
import {
  type Effect,
  type EffectDescription,
  type ParameterDescription,
  ParameterType,
  type Value,
} from "@pixelmesh/proto";
import { canonicalColor } from "../values/color.ts";

/**
 * All parameters of an effect or of a hosted model, in order of their names: the given ones, checked, and the described defaults of the rest.
 * Colours are in lower case. Throws INVALID_ARGUMENT with the field below `path`, the effect's path in the request.
 */
export function canonicalParameters(
  effect: Effect,
  description: Pick<EffectDescription, "parameters">,
  path: string,
): { [name: string]: Value } {
  const known = description.parameters.map((parameter) => parameter.name);
  const unknown = Object.keys(effect.parameters).filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    const form = known.length > 0 ? `parameters of \`${effect.name}\` (${known.join(", ")})` : "empty";
    throw expected(`${path}.parameters`, form, unknown.join(", "));
  }
  const pairs = [...description.parameters]
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((parameter) => {
      const given = Object.hasOwn(effect.parameters, parameter.name) ? effect.parameters[parameter.name] : undefined;
      return [parameter.name, canonicalValue(given ?? parameter.defaultValue, parameter, path)] as const;
    });
  return Object.fromEntries(pairs);
}

/** The description of an effect by its name. Throws UNKNOWN_EFFECT with the known names. */
export function describedEffect(effects: readonly EffectDescription[], name: string): EffectDescription {
  const found = effects.find((description) => description.name === name);
  if (found !== undefined) return found;
  const known = [...new Set(effects.map((description) => description.name))].sort();
  const message = `Unknown effect \`${name.slice(0, 64)}\`; known: ${known.join(", ") || "none"}`;
  throw new AppError("UNKNOWN_EFFECT", message, { metadata: { known: known.join(",") } });
}

function canonicalValue(value: Value | undefined, parameter: ParameterDescription, path: string): Value {
  const kind = value?.kind;
  const refuse = (form: string) => expected(`${path}.parameters.${parameter.name}`, form, kind?.value ?? "nothing");
  switch (parameter.type) {
    case ParameterType.NUMBER:
    case ParameterType.INTEGER: {
      const isInteger = parameter.type === ParameterType.INTEGER;
      const form = `${isInteger ? "an integer" : "a number"}${rangeText(parameter)}`;
      if (kind?.$case !== "number" || !isWithin(kind.value, parameter)) throw refuse(form);
      if (isInteger && !Number.isInteger(kind.value)) throw refuse(form);
      // Adding 0 turns -0 into 0.
      return { kind: { $case: "number", value: kind.value + 0 } };
    }
    case ParameterType.CHOICE:
      if (kind?.$case !== "text" || !parameter.choices.includes(kind.value)) {
        throw refuse(`one of ${parameter.choices.join(", ")}`);
      }
      return { kind: { $case: "text", value: kind.value } };
    case ParameterType.FLAG:
      if (kind?.$case !== "flag") throw refuse("true or false");
      return { kind: { $case: "flag", value: kind.value } };
    case ParameterType.COLOR: {
      const takesAlpha = hasAlpha(parameter.defaultValue);
      const color = kind?.$case === "color" ? canonicalColor(kind.value, takesAlpha) : undefined;
      if (color === undefined)
        throw refuse(takesAlpha ? "a colour such as `#rrggbb` or `#rrggbbaa`" : "a colour such as `#rrggbb`");
      return { kind: { $case: "color", value: color } };
    }
    case ParameterType.TEXT:
      if (kind?.$case !== "text" || !isOfForm(kind.value, parameter)) throw refuse(parameter.form);
      return { kind: { $case: "text", value: kind.value } };
    case ParameterType.INPUT:
      if (kind?.$case !== "input" || !Number.isInteger(kind.value) || kind.value < 0)
        throw refuse("a further picture of the step: 1 for its second input, 0 for none");
      return { kind: { $case: "input", value: kind.value } };
    default:
      throw refuse("left out: this release does not know its type");
  }
}

const maxTextLength = 2_048;

function isOfForm(value: string, { pattern }: ParameterDescription): boolean {
  return value.length <= maxTextLength && new RegExp(pattern, "u").test(value);
}

// A colour may be transparent if its default has alpha.
function hasAlpha(value: Value | undefined): boolean {
  return value?.kind?.$case === "color" && value.kind.value.length === 9;
}

// Bounds that are both 0 mean no bounds.
function isBounded({ minimum, maximum }: ParameterDescription): boolean {
  return minimum !== 0 || maximum !== 0;
}

function isWithin(value: number, parameter: ParameterDescription): boolean {
  if (!Number.isFinite(value)) return false;
  return !isBounded(parameter) || (value >= parameter.minimum && value <= parameter.maximum);
}

function rangeText(parameter: ParameterDescription): string {
  if (!isBounded(parameter)) return "";
  const unit = parameter.unit && ` ${parameter.unit}`;
  return ` from ${parameter.minimum} to ${parameter.maximum}${unit}`;
}
