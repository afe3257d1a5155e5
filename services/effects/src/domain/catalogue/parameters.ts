import { expected } from "@pixelmesh/errors";
import { ParameterDescription, ParameterType, type Value } from "@pixelmesh/proto";
import { type Rgb, toRgb } from "../color/color.ts";

/** One setting of an effect: its description for callers, and the check of a caller's value. */
export type Parameter<T> = {
  readonly describe: (name: string) => ParameterDescription;
  /** Throws INVALID_ARGUMENT with `field` for a value of another type or out of range. */
  readonly parse: (field: string, value: Value) => T;
  readonly defaultValue: Value;
  /** Returns a value for a picture that was shrunk by `factor`; lengths in px are multiplied and may then lie below the parameter's range. */
  atScale(value: T, factor: number): T;
};

/** The settings of an effect by name. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** The checked values for a set of parameters. */
export type SettingsOf<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

/** The longest text of a setting, in characters: 256 colours and the spaces between them. */
const maxTextLength = 2_048;

type Bounds = { description: string; minimum: number; maximum: number; byDefault: number; unit?: string };

/** A number within inclusive bounds. */
export function number(bounds: Bounds): Parameter<number> {
  const form = `a number from ${bounds.minimum} to ${bounds.maximum}`;
  return {
    ...bounded(bounds, ParameterType.NUMBER, form, () => true),
    atScale: (value, factor) => (bounds.unit === "px" ? value * factor : value),
  };
}

/** A whole number within inclusive bounds. */
export function integer(bounds: Bounds): Parameter<number> {
  const form = `an integer from ${bounds.minimum} to ${bounds.maximum}`;
  return {
    ...bounded(bounds, ParameterType.INTEGER, form, Number.isInteger),
    atScale: (value, factor) => (bounds.unit === "px" ? Math.max(bounds.minimum, Math.round(value * factor)) : value),
  };
}

function bounded(
  bounds: Bounds,
  type: ParameterType,
  form: string,
  accepts: (value: number) => boolean,
): Parameter<number> {
  const { description, minimum, maximum, byDefault, unit = "" } = bounds;
  return create({ type, description, minimum, maximum, unit }, { $case: "number", value: byDefault }, (field, kind) => {
    if (kind?.$case === "number" && kind.value >= minimum && kind.value <= maximum && accepts(kind.value))
      return kind.value;
    throw expected(field, form, kind?.value);
  });
}

/** One of several texts. */
export function choice<const C extends readonly string[]>(options: {
  description: string;
  choices: C;
  byDefault: C[number];
}): Parameter<C[number]> {
  const { description, choices, byDefault } = options;
  const shape = { type: ParameterType.CHOICE, description, choices: [...choices] };
  return create(shape, { $case: "text", value: byDefault }, (field, kind) => {
    const found = kind?.$case === "text" ? choices.find((word) => word === kind.value) : undefined;
    if (found !== undefined) return found;
    throw expected(field, `one of ${choices.join(", ")}`, kind?.value);
  });
}

/** On or off. */
export function flag(options: { description: string; byDefault: boolean }): Parameter<boolean> {
  const { description, byDefault } = options;
  return create({ type: ParameterType.FLAG, description }, { $case: "flag", value: byDefault }, (field, kind) => {
    if (kind?.$case === "flag") return kind.value;
    throw expected(field, "true or false", kind?.value);
  });
}

/** An opaque colour, `#rrggbb`, as sRGB-encoded samples. */
export function color(options: { description: string; byDefault: string }): Parameter<Rgb> {
  const { description, byDefault } = options;
  return create({ type: ParameterType.COLOR, description }, { $case: "color", value: byDefault }, (field, kind) => {
    const rgb = kind?.$case === "color" ? toRgb(kind.value) : undefined;
    if (rgb !== undefined) return rgb;
    throw expected(field, "a colour as #rrggbb", kind?.value);
  });
}

/** Several opaque colours, `#rrggbb` with spaces or commas between, as sRGB-encoded samples. */
export function colors(options: {
  description: string;
  minimum: number;
  maximum: number;
  byDefault: string;
}): Parameter<readonly Rgb[]> {
  const { description, minimum, maximum, byDefault } = options;
  const form = `${minimum} to ${maximum} colours as #rrggbb, with spaces between`;
  const one = "#[0-9a-fA-F]{6}";
  const pattern = `^${one}([ ,]+${one}){${minimum - 1},${maximum - 1}}$`;
  return text({ description, form, pattern, byDefault }, (given) => {
    const parts = splitList(given);
    const found = parts.map(toRgb).filter((rgb) => rgb !== undefined);
    return found.length === parts.length && found.length >= minimum && found.length <= maximum ? found : undefined;
  });
}

/** A further picture of the step, by its place: 1 for the second input, 0 for none. */
export function input({ description }: { description: string }): Parameter<number> {
  const form = "a further picture of the step: 1 for its second input, 0 for none";
  return create({ type: ParameterType.INPUT, description }, { $case: "input", value: 0 }, (field, kind) => {
    if (kind?.$case === "input" && Number.isInteger(kind.value) && kind.value >= 0) return kind.value;
    throw expected(field, form, kind?.value);
  });
}

/** A text in a form of its own. `read` returns undefined for any other text. All texts that it takes match `pattern`, by which ingest refuses others. */
export function text<T>(
  {
    description,
    form,
    pattern = "",
    byDefault,
  }: { description: string; form: string; pattern?: string; byDefault: string },
  read: (given: string) => T | undefined,
): Parameter<T> {
  const shape = { type: ParameterType.TEXT, description, form, pattern };
  return create(shape, { $case: "text", value: byDefault }, (field, kind) => {
    const given = kind?.$case === "text" && kind.value.length <= maxTextLength ? kind.value : undefined;
    const found = given !== undefined && new RegExp(pattern, "u").test(given) ? read(given) : undefined;
    if (found !== undefined) return found;
    throw expected(field, form, kind?.value);
  });
}

/** Returns the parts of a text between spaces or commas. */
export function splitList(given: string): readonly string[] {
  return given.split(/[ ,]+/).filter((part) => part !== "");
}

function create<T>(
  shape: Partial<ParameterDescription>,
  byDefault: NonNullable<Value["kind"]>,
  parse: (field: string, kind: Value["kind"]) => T,
): Parameter<T> {
  const defaultValue: Value = { kind: byDefault };
  return {
    defaultValue,
    describe: (name) => ParameterDescription.fromPartial({ ...shape, name, defaultValue }),
    parse: (field, value) => parse(field, value.kind),
    atScale: (value) => value,
  };
}
