import { expect, test } from "vitest";
import { parseAnswer } from "./parse-answer.ts";

const parse = (text: string | Uint8Array, mediaType = "application/json") =>
  parseAnswer("p", typeof text === "string" ? Buffer.from(text) : text, mediaType);
const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 1, 2]);

test.each(["application/json", "application/problem+json", "text/json", "text/plain", "application/octet-stream", ""])(
  "JSON that is announced as `%s` is JSON, also after a byte order mark",
  (mediaType) => {
    for (const text of ['{"id":"a"}', ' \n{"id":"a"}', '\ufeff{"id":"a"}'])
      expect(parse(text, mediaType)).toEqual({ json: { id: "a" }, bytes: undefined });
    expect(parse("[1]", mediaType).json).toEqual([1]);
  },
);

test.each(["application/json", "text/plain", "image/png", ""])(
  "a picture that is announced as `%s` is bytes",
  (mediaType) => {
    expect(parse(png, mediaType)).toEqual({ json: undefined, bytes: png });
  },
);

test("text that is no JSON is bytes, unless it is announced as JSON", () => {
  for (const text of ["{sorry}", "<html></html>", ""]) {
    expect(parse(text, "text/html").bytes).toEqual(Buffer.from(text));
    expect(() => parse(text)).toThrow(expect.objectContaining({ reason: "PROVIDER_FAILED" }));
  }
});

test.each([
  ["lists in a list", `[${"[],".repeat(300_000)}[]]`],
  ["members", `{${Array.from({ length: 130_000 }, (_, at) => `"${at}":0`).join(",")}}`],
  ["levels", "[".repeat(300_000)],
  ["lists after a long text", `["${"x".repeat(1_000_000)}\\\\",${"[],".repeat(300_000)}[]]`],
])("%s of more than 250,000 values are refused before they are parsed", (_, text) => {
  expect(() => parse(text)).toThrow(expect.objectContaining({ message: expect.stringContaining("250000 values") }));
});

test("the characters of texts count for nothing, also behind quotes that are escaped", () => {
  const long = `${'[{,:"\\'.repeat(300_000)}`;
  expect(parse(JSON.stringify({ picture: long, ends: "\\", rest: [1, long] })).json).toEqual({
    picture: long,
    ends: "\\",
    rest: [1, long],
  });
});
