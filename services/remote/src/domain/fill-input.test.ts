import fc from "fast-check";
import { expect, test } from "vitest";
import { fillInput } from "./fill-input.ts";

const pictureAt = (index: number) => ["first", "second"][index];

test("placeholders are replaced, and members that are unset are left out", () => {
  const input = {
    image: "{{picture}}",
    mask: "{{picture 2}}",
    third: "{{picture 3}}",
    list: ["{{picture}}", "{{picture 3}}", 7],
    scale: "{{parameters.scale}}",
    nested: { prompt: "{{parameters.prompt}}", color: "{{parameters.color}}", face: "{{parameters.face}}" },
    none: "{{parameters.none}}",
    style: "{{parameters.style}}",
    fixed: [true, null, "text"],
  };
  const parameters = {
    scale: { kind: { $case: "number", value: 2 } },
    prompt: { kind: { $case: "text", value: "" } },
    color: { kind: { $case: "color", value: "#ff0000" } },
    face: { kind: { $case: "flag", value: false } },
    none: { kind: { $case: "input", value: 0 } },
    style: { kind: { $case: "input", value: 1 } },
  } as const;
  expect(fillInput(input, { parameters, pictureAt })).toEqual({
    image: "first",
    mask: "second",
    list: ["first", 7],
    scale: 2,
    nested: { color: "#ff0000", face: false },
    style: "second",
    fixed: [true, null, "text"],
  });
});

test("an input without placeholders stays as it is, and parameters of the prototype are unset", () => {
  const plain = fc.jsonValue().filter((value) => !JSON.stringify(value).includes("{{"));
  fc.assert(
    fc.property(plain, (value) => {
      expect(fillInput(value, { parameters: {}, pictureAt })).toEqual(value);
    }),
  );
  expect(fillInput({ a: "{{parameters.toString}}" }, { parameters: {}, pictureAt })).toEqual({});
});
