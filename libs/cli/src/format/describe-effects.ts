import { type EffectDescription, ParameterType } from "@pixelmesh/client";
import { toTable } from "./text.ts";

type Parameter = EffectDescription["parameters"][number];

/** Formats effects as a table, ordered by group and name. */
export function describeEffects(effects: readonly EffectDescription[]): string {
  const ordered = effects.toSorted((a, b) => a.group.localeCompare(b.group) || a.name.localeCompare(b.name));
  const rows = ordered.map(({ name, group, parameters, description }) => [
    name,
    group,
    parameters.map((parameter) => parameter.name).join(" "),
    description,
  ]);
  return toTable([["EFFECT", "GROUP", "PARAMETERS", "WHAT IT DOES"], ...rows]);
}

/** Formats one effect with its parameters, as `--effect NAME:key=value` takes them, or one preset with its chain. */
export function describeEffect({ name, description, parameters, chain }: EffectDescription): string {
  const rows = parameters.map((it) => [it.name, toForm(it), toDefault(it), it.description]);
  const table = rows.length === 0 ? "" : toTable([["PARAMETER", "FORM", "DEFAULT", "WHAT IT DOES"], ...rows]);
  const links = chain.length === 0 ? "" : `It stands for:\n${chain.map((link) => `  ${toTyped(link)}\n`).join("")}`;
  return `${name}: ${description}\n${table}${links}\nExample:\n  ${toExample(name, parameters)}\n`;
}

/** Returns an effect as `--effect` takes it. */
function toTyped({ name, parameters }: EffectDescription["chain"][number]): string {
  const settings = Object.entries(parameters).map(([key, { kind }]) => `${key}=${kind?.value}`);
  return settings.length === 0 ? name : `${name}:${settings.join(",")}`;
}

/** Returns a command line with the first two parameters at their defaults, for a shell. */
function toExample(name: string, parameters: readonly Parameter[]): string {
  const settings = parameters
    .filter((it) => toDefault(it) !== "" && !toDefault(it).includes(","))
    .slice(0, 2)
    .map((it) => `${it.name}=${toDefault(it)}`);
  const effect = settings.length === 0 ? name : `${name}:${settings.join(",")}`;
  return `pixelmesh run photo.jpg --effect ${/^[\w:=,.+-]+$/.test(effect) ? effect : `'${effect}'`}`;
}

/** Formats the values that a parameter takes. */
export function toForm({ type, choices, minimum, maximum, unit, form }: Parameter): string {
  switch (type) {
    case ParameterType.CHOICE:
      return choices.join(", ");
    case ParameterType.FLAG:
      return "true, false";
    case ParameterType.COLOR:
      return "#rrggbb, #rgb or a CSS name";
    case ParameterType.TEXT:
      return form;
    case ParameterType.INPUT:
      return "@FILE";
    default:
      return `${type === ParameterType.INTEGER ? "integer " : ""}${minimum} to ${maximum}${unit && ` ${unit}`}`;
  }
}

/** Formats the default of a parameter; empty for none. */
export function toDefault({ defaultValue }: Parameter): string {
  const kind = defaultValue?.kind;
  return kind === undefined || kind.$case === "input" ? "" : `${kind.value}`;
}
