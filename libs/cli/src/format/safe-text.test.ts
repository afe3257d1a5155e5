import fc from "fast-check";
import { expect, test } from "vitest";
import { escapeLine, escapeText } from "./safe-text.ts";

test.each([
  ["\u001b[31mred", "\\u001b[31mred"],
  ["a\u009b31m", "a\\u009b31m"],
  ["gpj.\u202eexe", "gpj.\\u202eexe"],
  ["\u2066x\u2069\u200f\u061c", "\\u2066x\\u2069\\u200f\\u061c"],
  ["a\rb\tc\u007f", "a\\u000db\\u0009c\\u007f"],
  ["\u{e0041}", "\\udb40\\udc41"],
  ["\ud800", "\\ud800"],
  ["a\u2028b\ufeff", "a\\u2028b\\ufeff"],
])("%j is shown as %s", (text, shown) => expect(escapeText(text)).toBe(shown));

test("letters of all scripts and emoji are not escaped", () => {
  for (const text of ["写真館", "صورة", "تصویر\u200cها", "Ünïcödé e\u0301", "👨\u200d👩\u200d👧"])
    expect(escapeLine(text)).toBe(text);
});

test("line breaks are kept in text and escaped in names", () => {
  expect(escapeText("a\nb")).toBe("a\nb");
  expect(escapeLine("a\nb")).toBe("a\\u000ab");
});

test("escaped JSON has the same content", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      const value = { text, more: [`${text}\u202e\u0085`] };
      expect(JSON.parse(escapeText(JSON.stringify(value, null, 2)))).toEqual(value);
    }),
  );
});
