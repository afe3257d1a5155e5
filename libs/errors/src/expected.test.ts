import { expect, test } from "vitest";
import { expected } from "./expected.ts";

test.each<[unknown, string]>([
  ["text", "text"],
  [2.5, "2.5"],
  [Number.NaN, "NaN"],
  [Number.NEGATIVE_INFINITY, "-Infinity"],
  [undefined, "undefined"],
  [[1, "a"], '[1,"a"]'],
  ["x".repeat(65), `${"x".repeat(63)}…`],
])("the error shows %o as it was given", (got, shown) => {
  const { message, fields } = expected("size", "a number", got);
  expect(message).toBe(`Expected \`size\` to be a number, got \`${shown}\``);
  expect(fields).toEqual([{ field: "size", description: message }]);
});
