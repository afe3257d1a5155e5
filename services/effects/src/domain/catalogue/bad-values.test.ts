import { AppError } from "@pixelmesh/errors";
import { type ParameterDescription, ParameterType, type Value } from "@pixelmesh/proto";
import { describe, expect, test } from "vitest";
import { effectDescriptions, parseEffect, parseEffects } from "./catalogue.ts";

const kinds = {
  number: (value: number): Value => ({ kind: { $case: "number", value } }),
  text: (value: string): Value => ({ kind: { $case: "text", value } }),
  flag: (value: boolean): Value => ({ kind: { $case: "flag", value } }),
  color: (value: string): Value => ({ kind: { $case: "color", value } }),
  input: (value: number): Value => ({ kind: { $case: "input", value } }),
};

/** One wrong value, and how the error shows it. */
type Wrong = readonly [value: Value, got: string];

const numbers = (...values: number[]): Wrong[] => values.map((value) => [kinds.number(value), String(value)]);
const texts = (...values: string[]): Wrong[] => values.map((value) => [kinds.text(value), shown(value)]);

// Errors show at most 64 characters.
const shown = (value: string) => (value.length > 64 ? `${value.slice(0, 63)}…` : value);

const wrongColors = [
  "",
  "red",
  "#fff",
  "#12345",
  "#1234567",
  "#gg0000",
  "112233",
  " #112233",
  "#112233\n",
  "#１１２２３３",
];

const wrongAspects = ["", "1", "16/9", "0:1", "1:0", "-1:1", "1:1:1", "1e1:1", " 1:1", "1:1\n", "NaN:1", "100000:1"];

const wrongSides = [
  "",
  " ",
  "x",
  "-1",
  "5 %",
  "5%%",
  "1px",
  "1,2,3,4,5",
  "1;2",
  "1\n",
  "100000",
  "1000%",
  "1.5",
  "1e3",
];

const wrongLists = [
  "",
  " ",
  "#112233",
  "#112233 #44556",
  "#112233 #44556g",
  "#112233 red",
  "#112233;#445566",
  "#112233#445566",
  "#112233 #445566\n",
  "#112233 #445566\u0000",
  Array.from({ length: 257 }, () => "#112233").join(" "),
];

// Texts of each form that no such parameter takes, by `effect.parameter`.
const wrongTexts: Readonly<Record<string, readonly string[]>> = {
  "dither.colors": wrongLists,
  "retro_8bit.colors": wrongLists,
  "crop.aspect": wrongAspects,
  "padding.aspect": wrongAspects,
  "crop.margin": wrongSides,
  "padding.sides": wrongSides,
  "crop.box": [
    ...["", "0", "0,0,1", "0,0,1,1,1", "0,0,0,1", "0,0,1,0%", "0,0,-1,1", "-1,0,1,1", "0;0;1;1"],
    ...["a,0,1,1", "0,0,1.5,1", "0,0,1,1\n", "0,0,1 %,1", "100000,0,1,1"],
  ],
  "padding.size": [
    "",
    "0x1",
    "1x0",
    "10",
    "10x",
    "x10",
    "10 x 10",
    "1.5x1",
    "-1x1",
    "100000x1",
    "1X1",
    "1x1\n",
    "1x1x1",
  ],
  "curves.points": [
    "",
    "0:0",
    "0:0 0:1",
    "1:1 0:0",
    "0:0 1:2",
    "0:0 2:1",
    "0:0 -1:1",
    "0:0 1:NaN",
    "0:0 1:1e0",
    "0:0 1:0x1",
    "0:0 1",
    "0:0 1:1:1",
    "0:0;1:1",
    "0:0 1:1\n",
    Array.from({ length: 17 }, (_, i) => `${i / 16}:0`).join(" "),
  ],
  "watermark.text": ["two\nlines", "tab\there", "\u0000", "zero\u200bwidth", "\u202eturned", "\ud800", "x".repeat(201)],
};

// A valid text but for its length.
const longTexts: Readonly<Record<string, string>> = {
  "dither.colors": `#112233${" ".repeat(2_041)}#445566`,
  "retro_8bit.colors": `#112233${" ".repeat(2_041)}#445566`,
  "crop.aspect": `1:${"1".repeat(2_047)}`,
  "padding.aspect": `1:${"1".repeat(2_047)}`,
  "crop.margin": `1${" ".repeat(2_047)}1`,
  "padding.sides": `1${" ".repeat(2_047)}1`,
  "crop.box": `0,0,1${" ".repeat(2_043)}1`,
  "padding.size": `1x${"1".repeat(2_047)}`,
  "curves.points": `0:0${" ".repeat(2_045)}1:1`,
  "watermark.text": "x".repeat(2_049),
};

/** What a parameter must be, in the words of its error. */
function formOf({ type, minimum, maximum, choices, form }: ParameterDescription): string {
  const words: Partial<Record<ParameterType, string>> = {
    [ParameterType.NUMBER]: `a number from ${minimum} to ${maximum}`,
    [ParameterType.INTEGER]: `an integer from ${minimum} to ${maximum}`,
    [ParameterType.CHOICE]: `one of ${choices.join(", ")}`,
    [ParameterType.FLAG]: "true or false",
    [ParameterType.COLOR]: "a colour as #rrggbb",
    [ParameterType.TEXT]: form,
    [ParameterType.INPUT]: "a further picture of the step: 1 for its second input, 0 for none",
  };
  const found = words[type];
  if (!found) throw new Error(`Expected a form of type ${type}`);
  return found;
}

function wrongValues(effect: string, parameter: ParameterDescription): readonly Wrong[] {
  const { type, minimum, maximum, name } = parameter;
  const range = numbers(minimum - 1, minimum - 1e-9, maximum + 1e-6, maximum + 1, -1e308, 1e308, -Infinity, Infinity);
  const path = `${effect}.${name}`;
  switch (type) {
    case ParameterType.NUMBER:
      return [...range, ...numbers(Number.NaN), ...texts(String(minimum), ""), ...otherKinds("number")];
    case ParameterType.INTEGER:
      return [...range, ...numbers(minimum + 0.5, Number.NaN), ...texts(String(minimum)), ...otherKinds("number")];
    case ParameterType.CHOICE: {
      const [first = ""] = parameter.choices;
      const changed = [first.toUpperCase(), `${first} `, ` ${first}`, "", "toString", "x".repeat(100)];
      return [...texts(...changed), ...otherKinds("text")];
    }
    case ParameterType.FLAG:
      return [...texts("true", ""), ...numbers(0, 1), ...otherKinds("flag")];
    case ParameterType.COLOR:
      return [
        ...wrongColors.map((value): Wrong => [kinds.color(value), shown(value)]),
        ...texts("#112233"),
        ...otherKinds("color"),
      ];
    case ParameterType.INPUT:
      return [
        ...[-1, 0.5, Number.NaN, Infinity].map((value): Wrong => [kinds.input(value), String(value)]),
        ...otherKinds("input"),
      ];
    default: {
      const [wrong, long] = [wrongTexts[path], longTexts[path]];
      if (!wrong || !long) throw new Error(`Expected this file to have wrong texts of ${path}`);
      return [...texts(...wrong, long, "x".repeat(100_000), "<script>\n"), ...otherKinds("text")];
    }
  }
}

/** A value of each other kind, and none. */
function otherKinds(own: keyof typeof kinds): Wrong[] {
  const one = {
    number: kinds.number(1),
    text: kinds.text("mono"),
    flag: kinds.flag(true),
    color: kinds.color("#112233"),
    input: kinds.input(1),
  };
  const others = Object.entries(one).filter(([kind]) => kind !== own);
  return [...others.map(([, value]): Wrong => [value, String(value.kind?.value)]), [{ kind: undefined }, "undefined"]];
}

function failure(run: () => unknown, label: string): AppError {
  try {
    run();
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  throw new Error(`Expected an error for ${label}`);
}

describe.each(effectDescriptions())("$name", ({ name, parameters }) => {
  test.each(parameters)("$name refuses each wrong value with field, expected form and value", (parameter) => {
    const field = `effects[1].parameters.${parameter.name}`;
    for (const [value, got] of wrongValues(name, parameter)) {
      const chain = [
        { name, parameters: {} },
        { name, parameters: { [parameter.name]: value } },
      ];
      const error = failure(() => parseEffects(chain), `${name}.${parameter.name} of ${JSON.stringify(value)}`);
      const description = `Expected \`${field}\` to be ${formOf(parameter)}, got \`${got}\``;
      expect({ ...error, message: error.message }).toMatchObject({
        reason: "INVALID_ARGUMENT",
        message: description,
        fields: [{ field, description }],
      });
    }
  });

  test("refuses a parameter that it does not have, also beside good ones", () => {
    const known = Object.fromEntries(parameters.map(({ name: key, defaultValue }) => [key, defaultValue as Value]));
    for (const given of [
      "sparkle",
      ` ${parameters[0]?.name}`,
      parameters[0]?.name.toUpperCase() ?? "",
      "x".repeat(500),
    ]) {
      const error = failure(() => parseEffect({ name, parameters: { ...known, [given]: kinds.number(1) } }), given);
      const description = `Expected \`effect.parameters\` to be settings among ${Object.keys(known).join(", ")}, got \`${shown(given)}\``;
      expect(error).toMatchObject({
        reason: "INVALID_ARGUMENT",
        fields: [{ field: "effect.parameters", description }],
      });
    }
  });
});

test.each(["", "sparkle", "Blur", "blur ", "__proto__", "constructor", "x".repeat(500)])(
  "an effect `%s` is refused with the known ones",
  (name) => {
    const known = effectDescriptions().map((effect) => effect.name);
    const error = failure(
      () =>
        parseEffects([
          { name: "blur", parameters: {} },
          { name, parameters: {} },
        ]),
      name,
    );
    const description = `Expected \`effects[1].name\` to be one of ${known.join(", ")}, got \`${shown(name)}\``;
    expect(error).toMatchObject({
      reason: "UNKNOWN_EFFECT",
      metadata: { known: known.join(", ") },
      fields: [{ field: "effects[1].name", description }],
    });
  },
);
