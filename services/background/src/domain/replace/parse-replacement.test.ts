import { expect, test } from "vitest";
import { parseReplacement } from "./parse-replacement.ts";

test("a background is a colour, a blur or a picture", () => {
  expect(parseReplacement({ background: { $case: "color", value: "#FF8001" } })).toEqual({
    kind: "color",
    rgb: [255, 128, 1],
  });
  expect(parseReplacement({ background: { $case: "blurSigmaPx", value: 0.3 } })).toEqual({
    kind: "blur",
    sigmaPx: 0.3,
  });
  expect(parseReplacement({ background: { $case: "picture", value: {} } })).toEqual({ kind: "picture" });
});

test.each([
  ["no colour", { $case: "color", value: "red" }, "replace_background.color"],
  ["a colour with alpha", { $case: "color", value: "#11223344" }, "replace_background.color"],
  ["too little blur", { $case: "blurSigmaPx", value: 0.2 }, "replace_background.blur_sigma_px"],
  ["too much blur", { $case: "blurSigmaPx", value: 101 }, "replace_background.blur_sigma_px"],
  ["a blur that is no number", { $case: "blurSigmaPx", value: Number.NaN }, "replace_background.blur_sigma_px"],
  ["nothing", undefined, "replace_background"],
] as const)("%s is refused, naming the field", (_, background, field) => {
  expect(() => parseReplacement({ background })).toThrow(
    expect.objectContaining({ reason: "INVALID_ARGUMENT", fields: [expect.objectContaining({ field })] }) as Error,
  );
});
