import { parseByteSize, parseDuration, parsePercent, toByteSizeText, toDurationText } from "./units.ts";

/** One setting: environment variable, default as text, expected form, and the parser of its text. */
export type Field<T> = {
  readonly variable: string;
  /** Default value as text; undefined: the setting is required. */
  readonly defaultText: string | undefined;
  /** The default in words, where `defaultText` depends on the machine. For the docs. */
  readonly defaultDoc?: string;
  /** What the setting does, for `pixelmesh config` and the docs. */
  readonly doc: string;
  readonly form: string;
  readonly secret: boolean;
  /** Returns the value of a text, or undefined for a text that is not in the form. */
  readonly parse: (text: string) => T | undefined;
  /** Writes a value in its largest whole unit; returns invalid text unchanged. Absent if a value has only one form. */
  readonly normalize?: (text: string) => string;
};

/** The settings of one part, by their names in code. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** Bounds and flags of a field. */
export type FieldOptions = {
  readonly min?: number;
  readonly max?: number;
  readonly secret?: boolean;
  readonly defaultDoc?: string;
};

/** Kinds of settings. Each takes the variable, the default as text (undefined: required) and one sentence of documentation. */
export const field = {
  text: (variable: string, defaultText: string | undefined, doc: string, options: FieldOptions = {}): Field<string> =>
    make(variable, defaultText, doc, "text", (text) => text, options),

  integer: (variable: string, defaultText: string | undefined, doc: string, options: FieldOptions = {}) =>
    quantity(variable, defaultText, doc, "an integer", parseInteger, options),

  duration: (variable: string, defaultText: string | undefined, doc: string, options: FieldOptions = {}) =>
    quantity(variable, defaultText, doc, "a duration such as 30s", parseDuration, options, toDurationText),

  byteSize: (variable: string, defaultText: string | undefined, doc: string, options: FieldOptions = {}) =>
    quantity(variable, defaultText, doc, "a size such as 64MiB", parseByteSize, options, toByteSizeText),

  percent: (variable: string, defaultText: string | undefined, doc: string): Field<number> =>
    quantity(variable, defaultText, doc, "a percentage such as 85%", parsePercent, {}),

  flag: (variable: string, defaultText: "true" | "false", doc: string): Field<boolean> =>
    make(variable, defaultText, doc, "true or false", parseFlag, {}),

  choice: <const C extends readonly [string, ...string[]]>(
    variable: string,
    choices: C,
    defaultText: C[number] | undefined,
    doc: string,
  ): Field<C[number]> =>
    make(
      variable,
      defaultText,
      doc,
      `one of ${choices.join(", ")}`,
      (text) => choices.find((choice) => choice === text),
      {},
    ),

  list: (variable: string, defaultText: string, doc: string, separator = ","): Field<readonly string[]> =>
    make(
      variable,
      defaultText,
      doc,
      `a list separated by "${separator}"`,
      (text) =>
        Object.freeze(
          text
            .split(separator)
            .map((part) => part.trim())
            .filter((part) => part !== ""),
        ),
      {},
    ),
} as const;

function make<T>(
  variable: string,
  defaultText: string | undefined,
  doc: string,
  form: string,
  parse: (text: string) => T | undefined,
  options: FieldOptions,
): Field<T> {
  const { secret = false, defaultDoc } = options;
  return Object.freeze({ variable, defaultText, doc, form, parse, secret, ...(defaultDoc ? { defaultDoc } : {}) });
}

function quantity(
  variable: string,
  defaultText: string | undefined,
  doc: string,
  form: string,
  parse: (text: string) => number | undefined,
  { min = 0, max = Number.MAX_SAFE_INTEGER, ...options }: FieldOptions,
  toText: (value: number) => string = String,
): Field<number> {
  const atLeast = min === 0 ? "" : `, at least ${toText(min)}`;
  const range = max === Number.MAX_SAFE_INTEGER ? atLeast : ` from ${toText(min)} to ${toText(max)}`;
  const parseInRange = (text: string) => {
    const value = parse(text);
    return value !== undefined && value >= min && value <= max ? value : undefined;
  };
  const made = make(variable, defaultText, doc, form + range, parseInRange, options);
  if (toText === String) return made;
  const normalize = (text: string) => {
    const value = parse(text);
    return value === undefined ? text : toText(value);
  };
  return Object.freeze({ ...made, normalize });
}

function parseFlag(text: string): boolean | undefined {
  // In any case, as OpenTelemetry's specification wants it for its own flags.
  const given = text.toLowerCase();
  return given === "true" ? true : given === "false" ? false : undefined;
}

function parseInteger(text: string): number | undefined {
  return /^-?\d+$/.test(text.trim()) ? Number(text) : undefined;
}
