import { AppError } from "@pixelmesh/errors";
import { type Effect, ParameterType, type Step } from "@pixelmesh/proto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { catalogue, fromUpload, step } from "../../test/fixtures.ts";
import { times } from "../../test/times.ts";
import { validatePipeline } from "../plan/validate-pipeline.ts";
import { inCatalogue, type NumberRange } from "./number-ranges.ts";
import type { OperationCase, OperationValues } from "./operation.ts";
import { inputsOf, operationCases, operations } from "./operations.ts";

const upscaleModels = catalogue.upscaleModels.map((model) => ({ ...model, denoisePair: "anime-x4" }));
const known = { ...catalogue, upscaleModels };

/** Valid messages of every operation. Together they set every number field. */
const samples: { readonly [C in OperationCase]: readonly OperationValues[C][] } = {
  prescale: [{ maxSidePx: 100, maxPixels: 10_000 }],
  upscale: [
    { scale: 4, model: "", denoise: 0.5, finishing: { sharpen: 0.5, contrast: 0.25 } },
    { scale: 0, model: "", target: { widthPx: 100, heightPx: 100 } },
  ],
  removeBackground: [
    { model: "" },
    {
      model: "",
      threshold: 0.5,
      featherPx: 2,
      minIsland: 0.01,
      trimapPx: 20,
      minConfidence: 0.5,
      region: { leftPx: 1, topPx: 2, widthPx: 30, heightPx: 40 },
    },
  ],
  replaceBackground: [
    { background: { $case: "blurSigmaPx", value: 2 } },
    { background: { $case: "picture", value: { positionX: 0.25, positionY: 1 } } },
    { background: { $case: "gradient", value: { colors: ["#000000", "#ffffff"], angle: 90 } } },
  ],
  remoteModel: [
    { model: "face-restorer", parameters: { fidelity: { kind: { $case: "number", value: 0.7 } } }, result: 2 },
  ],
  applyEffects: [
    {
      effects: [
        { name: "grey", parameters: {} },
        {
          name: "dither",
          parameters: {
            levels: { kind: { $case: "number", value: 4 } },
            strength: { kind: { $case: "number", value: 0.5 } },
          },
        },
      ],
    },
  ],
};

type Keys = readonly (string | number)[];

/** One number of a message: where it is, its name in errors, the entry of the ranges that covers it, and its range. */
type NumberField = { readonly keys: Keys; readonly path: string; readonly entry: string; readonly range: NumberRange };

type Tree = NumberRange | typeof inCatalogue | { readonly [name: string]: Tree };

const snake = (name: string) => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
const isRange = (tree: Tree): tree is NumberRange => typeof tree === "object" && typeof tree.least === "number";

/** The numbers that a message sets, found by walking message and ranges together. */
function fieldsOf(message: unknown, tree: Tree, keys: Keys, path: string, entry: string): NumberField[] {
  if (message === undefined) return [];
  if (tree === inCatalogue) return parameterFields(message as Effect["parameters"], keys, path, entry);
  if (isRange(tree)) return [{ keys, path, entry, range: tree }];
  if (Array.isArray(message))
    return message.flatMap((item, index) => fieldsOf(item, tree, [...keys, index], `${path}[${index}]`, entry));
  return Object.entries(tree).flatMap(([name, below]) => {
    const value = (message as { readonly [name: string]: unknown })[name] as { $case?: string; value?: unknown };
    const $case = value?.$case;
    if ($case === undefined)
      return fieldsOf(value, below, [...keys, name], `${path}.${snake(name)}`, `${entry}.${name}`);
    const ofCase = (below as { readonly [name: string]: Tree })[$case];
    return ofCase === undefined
      ? []
      : fieldsOf(value.value, ofCase, [...keys, name, "value"], `${path}.${snake($case)}`, `${entry}.${name}.${$case}`);
  });
}

/** The numbers among the parameters of an effect or of a hosted model, with the ranges of the catalogue. */
function parameterFields(parameters: Effect["parameters"], keys: Keys, path: string, entry: string): NumberField[] {
  const described = [...known.effects, ...known.remoteModels].flatMap((each) => each.parameters);
  return Object.keys(parameters).flatMap((name) => {
    const found = described.find((parameter) => parameter.name === name);
    const { minimum: least, maximum: most, type } = found ?? expect.fail(`No effect has the parameter ${name}`);
    const range = { least, most, ...(type === ParameterType.INTEGER ? { isInteger: true as const } : {}) };
    return { keys: [...keys, name, "kind", "value"], path: `${path}.${name}`, entry, range };
  });
}

/** A copy of a message with one number replaced. */
function withNumber(message: object, keys: Keys, number: number): object {
  const copy = structuredClone(message);
  let at = copy as { [key: string | number]: unknown };
  for (const key of keys.slice(0, -1)) at = at[key] as { [key: string | number]: unknown };
  at[keys.at(-1) ?? ""] = number;
  return copy;
}

function numberAt(message: object, keys: Keys): unknown {
  return keys.reduce<unknown>((at, key) => (at as { readonly [key: string | number]: unknown })[key], message);
}

function refusalOf($case: OperationCase, value: object): AppError | undefined {
  const operation = { $case, value } as NonNullable<Step["operation"]>;
  const inputs = inputsOf(operation).map(() => fromUpload("source"));
  try {
    validatePipeline({ steps: [step("a", operation, ...inputs)], outputs: [] }, ["source"], known);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
  return undefined;
}

const isInside = ({ least, most, isInteger, zero }: NumberRange, number: number) =>
  Number.isFinite(number) &&
  (!isInteger || Number.isInteger(number)) &&
  ((number >= least && number <= most) || (number === 0 && zero !== undefined));

const outside = (range: NumberRange) =>
  fc
    .oneof(
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
      fc.constantFrom(range.least - 1, range.least - 1e-6, range.most + 1e-6, range.most + 1, range.most * 2, -1),
      fc.constantFrom(range.least + 0.5, range.most - 0.5),
      fc.double(),
    )
    .filter((number) => !isInside(range, number));

const inside = (range: NumberRange) => {
  const { least, most } = range;
  const within = range.isInteger ? fc.integer({ min: least, max: most }) : fc.double({ min: least, max: most });
  return fc
    .oneof(fc.constantFrom(least, most), within, ...(range.zero === undefined ? [] : [fc.constant(0)]))
    .filter((number) => isInside(range, number));
};

/** Every entry of the ranges. */
function entriesOf(tree: Tree, entry: string): string[] {
  if (isRange(tree) || tree === inCatalogue) return [entry];
  return Object.entries(tree).flatMap(([name, below]) => entriesOf(below, `${entry}.${name}`));
}

describe.each(operationCases)("numbers of %s", ($case) => {
  const { name, numbers } = operations[$case];
  const messages: readonly object[] = samples[$case];
  const cases = messages.flatMap((message) =>
    fieldsOf(message, numbers as Tree, [], `pipeline.steps[0].${name}`, name).map((field) => ({ message, field })),
  );

  test("the samples are valid and set every number", () => {
    for (const message of messages) expect(refusalOf($case, message)).toBeUndefined();
    const set = new Set(cases.map(({ field }) => field.entry));
    expect(entriesOf(numbers as Tree, name).filter((entry) => entry !== name && !set.has(entry))).toEqual([]);
  });

  if (cases.length === 0) return;

  test("a number outside its range, NaN, an infinite one or a fraction of an integer is refused, naming the field", () => {
    const bad = fc
      .constantFrom(...cases)
      .chain(({ message, field }) => outside(field.range).map((number) => ({ message, field, number })));
    fc.assert(
      fc.property(bad, ({ message, field, number }) => {
        const error = refusalOf($case, withNumber(message, field.keys, number));
        expect(error?.reason).toBe("INVALID_ARGUMENT");
        expect(error?.fields.map((violation) => violation.field)).toEqual([field.path]);
      }),
      { numRuns: times(200) },
    );
  });

  test("a number inside its range is accepted", () => {
    // A sample leaves out, with 0, the numbers that exclude others.
    const given = cases.filter(({ message, field }) => numberAt(message, field.keys) !== 0);
    const good = fc
      .constantFrom(...given)
      .chain(({ message, field }) => inside(field.range).map((number) => ({ message, field, number })));
    fc.assert(
      fc.property(good, ({ message, field, number }) => {
        expect(refusalOf($case, withNumber(message, field.keys, number))).toBeUndefined();
      }),
      { numRuns: times(200) },
    );
  });
});
