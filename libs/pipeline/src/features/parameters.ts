import { ParameterDescription, ParameterType, type Value } from "@pixelmesh/proto";

/** A parameter of a feature: its description without its name, and how its checked value is read. */
export type FeatureParameter<T> = {
  readonly description: Omit<ParameterDescription, "name">;
  readonly read: (value: Value) => T;
};

/** The parameters of a feature by name. */
export type FeatureParameters = Readonly<Record<string, FeatureParameter<unknown>>>;

/** The checked values of a feature's parameters. */
export type FeatureValues<P extends FeatureParameters> = {
  readonly [K in keyof P]: P[K] extends FeatureParameter<infer T> ? T : never;
};

type Range = { readonly description: string; readonly from: number; readonly to: number; readonly byDefault: number };

/** A number from `from` to `to`, inclusive. */
export function number({ from, to, byDefault, unit = "", description }: Range & { readonly unit?: string }) {
  return numeric(ParameterType.NUMBER, { description, minimum: from, maximum: to, unit }, byDefault);
}

/** A number from 0 to 100 %. */
export function percent(byDefault: number, description: string): FeatureParameter<number> {
  return number({ description, from: 0, to: 100, byDefault, unit: "%" });
}

/** A whole number from `from` to `to`, inclusive. */
export function integer({ from, to, byDefault, unit = "", description }: Range & { readonly unit?: string }) {
  return numeric(ParameterType.INTEGER, { description, minimum: from, maximum: to, unit }, byDefault);
}

/** One of several words. */
export function choice<const C extends readonly [string, ...string[]]>(
  choices: C,
  byDefault: C[number],
  description: string,
): FeatureParameter<C[number]> {
  const shape = { type: ParameterType.CHOICE, description, choices: [...choices] };
  // The value was checked against the choices.
  return create(shape, { $case: "text", value: byDefault }, (value) => textOf(value) as C[number]);
}

/** An opaque colour, `#rrggbb`. */
export function color(byDefault: string, description: string): FeatureParameter<string> {
  const shape = { type: ParameterType.COLOR, description };
  return create(shape, { $case: "color", value: byDefault }, ({ kind }) =>
    kind?.$case === "color" ? kind.value : byDefault,
  );
}

/** A text that matches `pattern`, which `form` says in words. */
export function text(shape: {
  readonly description: string;
  readonly form: string;
  readonly pattern: string;
  readonly byDefault: string;
}): FeatureParameter<string> {
  const { description, form, pattern, byDefault } = shape;
  const described = { type: ParameterType.TEXT, description, form, pattern };
  return create(described, { $case: "text", value: byDefault }, textOf);
}

/** Whether the request has a further picture, uploaded under the parameter's name: 1, or 0 for none. */
export function picture(description: string): FeatureParameter<boolean> {
  return create(
    { type: ParameterType.INPUT, description },
    { $case: "input", value: 0 },
    ({ kind }) => kind?.$case === "input" && kind.value > 0,
  );
}

function numeric(
  type: ParameterType,
  shape: Pick<ParameterDescription, "description" | "minimum" | "maximum" | "unit">,
  byDefault: number,
): FeatureParameter<number> {
  return create({ type, ...shape }, { $case: "number", value: byDefault }, ({ kind }) =>
    kind?.$case === "number" ? kind.value : byDefault,
  );
}

function textOf({ kind }: Value): string {
  return kind?.$case === "text" ? kind.value : "";
}

function create<T>(
  shape: Partial<ParameterDescription>,
  byDefault: NonNullable<Value["kind"]>,
  read: (value: Value) => T,
): FeatureParameter<T> {
  const { name: _, ...description } = ParameterDescription.fromPartial({ ...shape, defaultValue: { kind: byDefault } });
  return { description, read };
}
