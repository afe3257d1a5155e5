import { expected } from "@pixelmesh/errors";

/** The values that a number field may take: from `least` to `most`, both included. */
export type NumberRange = {
  readonly least: number;
  /** Number.MAX_SAFE_INTEGER: no bound. */
  readonly most: number;
  readonly isInteger?: true;
  /** Allows 0 as well. The text is the meaning of 0, as in "or 0 for no bound". */
  readonly zero?: string;
};

/** Marks a map whose numbers the catalogue describes. `assertKnown` has to check them. */
export const inCatalogue = "in catalogue";

/**
 * A range for each number field of a message, including those of nested messages, lists and oneofs. The compiler asks for each.
 * A oneof has an entry for each case that holds numbers. Enums are not numbers.
 */
export type NumberRanges<Message> = {
  readonly [K in keyof Message as [RangesOf<NonNullable<Message[K]>>] extends [never] ? never : K]-?: RangesOf<
    NonNullable<Message[K]>
  >;
};

type RangesOf<Value> = [Value] extends [number]
  ? number extends Value
    ? NumberRange
    : never
  : [Value] extends [Uint8Array | string | boolean]
    ? never
    : Value extends readonly (infer Item)[]
      ? RangesOf<Item>
      : [Value] extends [{ readonly $case: string; readonly value: unknown }]
        ? OrNever<{
            readonly [V in Value as [RangesOf<V["value"]>] extends [never] ? never : V["$case"]]: RangesOf<V["value"]>;
          }>
        : Value extends object
          ? string extends keyof Value
            ? [RangesOf<Value[keyof Value]>] extends [never]
              ? never
              : typeof inCatalogue
            : OrNever<NumberRanges<Value>>
          : never;

type OrNever<Ranges> = keyof Ranges extends never ? never : Ranges;

/** Ranges as they are read at run time. */
type RangeTree = NumberRange | typeof inCatalogue | { readonly [field: string]: RangeTree };

/**
 * Checks every number of a message that is set. Throws INVALID_ARGUMENT with the field below `path` for NaN, an infinite number,
 * one outside its range, or a fraction where an integer is needed.
 */
export function validateNumbers<Message extends object>(
  message: Message,
  ranges: NumberRanges<Message>,
  path: string,
): void {
  checkFields(message, ranges as RangeTree, path);
}

function checkFields(message: object, ranges: RangeTree, path: string): void {
  if (ranges === inCatalogue) return;
  for (const [name, range] of Object.entries(ranges as { readonly [field: string]: RangeTree })) {
    const value: unknown = (message as Record<string, unknown>)[name];
    if (isOneof(value)) {
      const ofCase = (range as { readonly [field: string]: RangeTree })[value.$case];
      if (ofCase !== undefined) checkValue(value.value, ofCase, `${path}.${toFieldName(value.$case)}`);
    } else if (value !== undefined) checkValue(value, range, `${path}.${toFieldName(name)}`);
  }
}

function checkValue(value: unknown, range: RangeTree, path: string): void {
  if (isRange(range)) {
    if (!isWithin(value, range)) throw expected(path, describeRange(range), value);
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) checkValue(item, range, `${path}[${index}]`);
  } else if (typeof value === "object" && value !== null) checkFields(value, range, path);
}

function isWithin(value: unknown, { least, most, isInteger, zero }: NumberRange): boolean {
  if (typeof value !== "number" || !Number.isFinite(value)) return false;
  if (isInteger && !Number.isInteger(value)) return false;
  return (value >= least && value <= most) || (zero !== undefined && value === 0);
}

/** A range in words, as errors name it: `an integer from 16 to 16384, or 0 for no bound`. */
function describeRange({ least, most, isInteger, zero }: NumberRange): string {
  const kind = isInteger ? "an integer" : "a number";
  const bounds = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  return `${kind} ${bounds}${zero === undefined ? "" : `, or 0 ${zero}`}`;
}

function isRange(range: RangeTree): range is NumberRange {
  return typeof range === "object" && typeof range.least === "number";
}

function isOneof(value: unknown): value is { readonly $case: string; readonly value: unknown } {
  return typeof value === "object" && value !== null && "$case" in value && typeof value.$case === "string";
}

/** The name of a field in the contract: `maxSidePx` is `max_side_px`. */
function toFieldName(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
