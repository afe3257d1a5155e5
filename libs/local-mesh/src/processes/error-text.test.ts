import { expect, test } from "vitest";
import { toErrorText } from "./error-text.ts";

test("an error's text is its message and its cause", () => {
  expect(toErrorText('{"level":"error","msg":"b ä","err":{"message":"c"}}')).toBe("b ä: c");
  expect(toErrorText('{"level":"error","msg":"b","why":"w","err":{"message":"c"}}')).toBe("b: w");
  expect(toErrorText('{"level":"fatal","msg":"d"}')).toBe("d");
});

test("other lines have no error text", () => {
  const others = ['{"level":"warn","msg":"x"}', '{"level":"info","msg":"a"}', "{broken", "Error: no", ""];
  expect(others.map(toErrorText)).toEqual(others.map(() => undefined));
});
