import { expect, test } from "vitest";
import { realCatalogue } from "../../test/real-catalogue.ts";
import type { Field } from "./form-model.ts";
import { isTextValid, niceStep, toFields, toGroups, withSetting } from "./form-model.ts";

test("Every setting of every effect has a control that can show its default", () => {
  expect(realCatalogue.length).toBeGreaterThan(25);
  for (const effect of realCatalogue) {
    const fields = toFields(effect);
    expect(fields.map(({ name }) => name).sort(), effect.name).toEqual(
      effect.parameters.map(({ name }) => name).sort(),
    );
    for (const field of fields) expect(canShow(field), `${effect.name}.${field.name}`).toBe(true);
  }
});

function canShow(field: Field): boolean {
  const { byDefault } = field;
  switch (field.kind) {
    case "slider": {
      const steps = (Number(byDefault) - field.minimum) / field.step;
      return (
        field.maximum > field.minimum &&
        Math.abs(steps - Math.round(steps)) < 1e-6 &&
        isWithin(field, Number(byDefault))
      );
    }
    case "select":
      return field.choices.includes(`${byDefault}`);
    case "checkbox":
      return typeof byDefault === "boolean";
    case "color":
      return /^#[0-9a-f]{6}$/.test(`${byDefault}`);
    case "text":
      return isTextValid(field, `${byDefault}`);
    case "picture":
      return byDefault === "";
  }
}

function isWithin(
  { minimum, maximum }: { readonly minimum: number; readonly maximum: number },
  value: number,
): boolean {
  return value >= minimum && value <= maximum;
}

test("A range is divided into 100 steps or more of 1, 2 or 5 times a power of ten, and the default is one of them", () => {
  const ranges: [range: number, offset: number, step: number][] = [
    [1, 0.5, 0.01],
    [2, 1, 0.02],
    [100, 3, 1],
    [99.7, 2.7, 0.1],
    [360, 0, 2],
    [360, 45, 1],
    [0.5, 0.25, 0.005],
  ];
  expect(ranges.map(([range, offset]) => [range, offset, niceStep(range, offset)])).toEqual(ranges);
});

test("A setting that is back at its default is not sent", () => {
  const field = { kind: "checkbox", name: "invert", label: "", help: "", unit: "", byDefault: false } as const;
  expect(withSetting({ levels: 4 }, field, true)).toEqual({ levels: 4, invert: true });
  expect(withSetting({ levels: 4, invert: true }, field, false)).toEqual({ levels: 4 });
});

test("The menu has every effect once, and presets last", () => {
  const groups = toGroups(realCatalogue);
  expect(groups.flatMap(({ effects }) => effects.map(({ name }) => name)).sort()).toEqual(
    realCatalogue.map(({ name }) => name).sort(),
  );
  expect(groups.at(-1)?.name).toBe("Preset");
});
