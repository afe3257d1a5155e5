import { EffectDescription, ParameterType, type Value } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { canonicalParameters } from "./effect-parameters.ts";

const description = EffectDescription.fromPartial({
  name: "print",
  parameters: [
    {
      name: "colors",
      type: ParameterType.TEXT,
      form: "2 to 3 colours as #rrggbb, with spaces between",
      pattern: "^#[0-9a-f]{6}( #[0-9a-f]{6}){1,2}$",
      defaultValue: { kind: { $case: "text", value: "#000000 #ffffff" } },
    },
  ],
});
const parse = (value: Value) => canonicalParameters({ name: "print", parameters: { colors: value } }, description, "e");
const text = (value: string): Value => ({ kind: { $case: "text", value } });

test("a text that matches the pattern of its parameter is kept, and the default is filled in", () => {
  expect(parse(text("#102030 #ffffff #00ff00"))).toEqual({ colors: text("#102030 #ffffff #00ff00") });
  expect(canonicalParameters({ name: "print", parameters: {} }, description, "e")).toEqual({
    colors: text("#000000 #ffffff"),
  });
});

test.each<[string, Value]>([
  ["too few colours", text("#102030")],
  ["no colours", text("red blue")],
  ["an empty text", text("")],
  ["a longer text", text(`#000000 #ffffff${" ".repeat(2_048)}`)],
  ["a number", { kind: { $case: "number", value: 1 } }],
  ["nothing", { kind: undefined }],
])("%s is refused, with the form that is expected", (_, value) => {
  expect(() => parse(value)).toThrow(
    /Expected `e.parameters.colors` to be 2 to 3 colours as #rrggbb, with spaces between/,
  );
});

test("a further picture is a place among the inputs of the step", () => {
  const marked = EffectDescription.fromPartial({
    name: "mark",
    parameters: [{ name: "picture", type: ParameterType.INPUT, defaultValue: { kind: { $case: "input", value: 0 } } }],
  });
  const read = (picture: Value) => canonicalParameters({ name: "mark", parameters: { picture } }, marked, "e");
  const place = (value: number): Value => ({ kind: { $case: "input", value } });
  expect(read(place(2))).toEqual({ picture: place(2) });
  expect(canonicalParameters({ name: "mark", parameters: {} }, marked, "e")).toEqual({ picture: place(0) });
  for (const wrong of [place(-1), place(0.5), place(Number.NaN), text("1"), { kind: undefined }] as const)
    expect(() => read(wrong)).toThrow(
      "Expected `e.parameters.picture` to be a further picture of the step: 1 for its second input, 0 for none",
    );
});
