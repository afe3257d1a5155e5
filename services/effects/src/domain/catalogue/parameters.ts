import { expected } from "@pixelmesh/errors";
import { ParameterDescription, ParameterType, type Value } from "@pixelmesh/proto";
import { type Rgb, toRgb } from "../color/color.ts";

/** One setting of an effect: its description for callers, and the check of a caller's value. */
export type Parameter<T> = {
  readonly describe: (name: string) => ParameterDescription;
  /** Throws INVALID_ARGUMENT with `field` for a value of another type or out of range. */
  readonly parse: (field: string, value: Value) => T;
  readonly defaultValue: Value;
};

/** The settings of an effect by name. */
export type Parameters = Readonly<Record<string, Parameter<unknown>>>;

/** The checked values for a set of parameters. */
export type SettingsOf<P extends Parameters> = {
  readonly [K in keyof P]: P[K] extends Parameter<infer T> ? T : never;
};

type Bounds = { description: string; minimum: number; maximum: number; byDefault: number; unit?: string };

/** A number within inclusive bounds. */
export function number(bounds: Bounds): Parameter<number> {
  const form = `a number from ${bounds.minimum} to ${bounds.maximum}`;
  return bounded(bounds, ParameterType.NUMBER, form, () => true);
}

/** A whole number within inclusive bounds. */
export function integer(bounds: Bounds): Parameter<number> {
  const form = `an integer from ${bounds.minimum} to ${bounds.maximum}`;
  return bounded(bounds, ParameterType.INTEGER, form, Number.isInteger);
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
  };
}
