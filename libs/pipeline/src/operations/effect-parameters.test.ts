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
