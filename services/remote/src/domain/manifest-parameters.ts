import { AppError } from "@pixelmesh/errors";
import { canonicalParameters } from "@pixelmesh/pipeline";
import { type ParameterDescription, ParameterType, type Value } from "@pixelmesh/proto";
import { wrong } from "./manifest-fields.ts";
import type { ParameterEntry } from "./manifest-schema.ts";

const types = {
  number: ParameterType.NUMBER,
  integer: ParameterType.INTEGER,
  choice: ParameterType.CHOICE,
  flag: ParameterType.FLAG,
  color: ParameterType.COLOR,
  text: ParameterType.TEXT,
  input: ParameterType.INPUT,
} as const;

/** Bounds of numbers without bounds of their own in the contract, where 0 and 0 mean none. */
const noBound = 0;

/** The description of a parameter of the file. Without a default the caller has to give a value. */
export function toParameter(entry: ParameterEntry): ParameterDescription {
  const { name, type, description, minimum, maximum, choices = [], unit, form, pattern = "" } = entry;
  return {
    name,
    type: types[type],
    description,
    defaultValue: toValue(entry),
    minimum: minimum ?? noBound,
    maximum: maximum ?? noBound,
    choices,
    unit,
    form: form ?? (type === "text" ? toTextForm(pattern) : ""),
    pattern: pattern === "" ? "" : `^(?:${pattern})$`,
  };
}

function toTextForm(pattern: string): string {
  const plain = "a text of at most 2,048 characters";
  return pattern === "" ? plain : `${plain} that matches ${pattern}`;
}

function toValue({ type, default: value }: ParameterEntry): Value | undefined {
  if (value === undefined) return undefined;
  if (type === "number" || type === "integer") return { kind: { $case: "number", value: value as number } };
  if (type === "flag") return { kind: { $case: "flag", value: value as boolean } };
  if (type === "color") return { kind: { $case: "color", value: value as string } };
  if (type === "input") return { kind: { $case: "input", value: value as number } };
  return { kind: { $case: "text", value: value as string } };
}

/** The mistakes of a parameter that no field shows alone, with the fields. */
export function findParameterMistakes(entry: ParameterEntry): { readonly field: string; readonly text: string }[] {
  const { name, type, minimum, maximum, choices, pattern } = entry;
  const mistakes: { field: string; text: string }[] = [];
  const add = (field: string, text: string) => mistakes.push({ field, text });
  const isNumeric = type === "number" || type === "integer";
  if (isNumeric && (minimum === undefined) !== (maximum === undefined))
    add("minimum", "Expected `minimum` and `maximum` together, got one of them");
  if (minimum !== undefined && maximum !== undefined && minimum >= maximum)
    add("minimum", wrong(`a number below \`maximum\` (${maximum})`, minimum));
  if (!isNumeric && (minimum !== undefined || maximum !== undefined))
    add("minimum", `Expected bounds only of numbers and integers, got them for the type ${type}`);
  if (type === "choice" && (choices === undefined || choices.length === 0))
    add("choices", "Expected the texts to choose from, got nothing");
  if (type !== "choice" && choices !== undefined)
    add("choices", `Expected choices only of the type choice, got them for ${type}`);
  if (pattern !== undefined && type !== "text")
    add("pattern", `Expected a pattern only of the type text, got one for ${type}`);
  else if (pattern !== undefined && !isPattern(pattern))
    add("pattern", wrong("a regular expression of ECMAScript with the flag u", pattern));
  if (type === "input" && entry.default !== undefined && entry.default !== 0)
    add("default", wrong("0, because a job names its further pictures", entry.default));
  if (mistakes.length > 0 || entry.default === undefined) return mistakes;
  try {
    canonicalParameters({ name, parameters: {} }, { parameters: [toParameter(entry)] }, "model");
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    const form = /to be (.*), got /s.exec(error.message)?.[1] ?? `a value of the type ${type}`;
    add("default", wrong(form, entry.default));
  }
  return mistakes;
}

function isPattern(pattern: string): boolean {
  try {
    new RegExp(pattern, "u");
    return true;
  } catch {
    return false;
  }
}
