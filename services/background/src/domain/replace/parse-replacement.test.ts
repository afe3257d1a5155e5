import { PictureFit, type ReplaceBackgroundOperation } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { parseReplacement } from "./parse-replacement.ts";

test("a background is a colour, a gradient, a blur or a picture", () => {
  expect(parseReplacement({ background: { $case: "color", value: "#FF8001" } })).toEqual({
    kind: "color",
    rgb: [255, 128, 1],
  });
  expect(parseReplacement({ background: { $case: "blurSigmaPx", value: 0.3 } })).toEqual({
    kind: "blur",
    sigmaPx: 0.3,
  });
  expect(parseReplacement({ background: { $case: "picture", value: {} } })).toEqual({
    kind: "picture",
    fit: "cover",
    x: 0.5,
    y: 0.5,
    rgb: [255, 255, 255],
  });
  const value = { fit: PictureFit.TILE, positionX: 0, positionY: 1, color: "#102030" };
  expect(parseReplacement({ background: { $case: "picture", value } })).toEqual({
    kind: "picture",
    fit: "tile",
    x: 0,
    y: 1,
    rgb: [16, 32, 48],
  });
  const gradient = { colors: ["#000000", "#FFFFFF"], angle: 90 };
  expect(parseReplacement({ background: { $case: "gradient", value: gradient } })).toEqual({
    kind: "gradient",
    colors: [
      [0, 0, 0],
      [255, 255, 255],
    ],
    angle: 90,
  });
});

test.each([
  ["no colour", { $case: "color", value: "red" }, "replace_background.color"],
  ["a colour with alpha", { $case: "color", value: "#11223344" }, "replace_background.color"],
  ["too little blur", { $case: "blurSigmaPx", value: 0.2 }, "replace_background.blur_sigma_px"],
  ["too much blur", { $case: "blurSigmaPx", value: 101 }, "replace_background.blur_sigma_px"],
  ["a blur that is no number", { $case: "blurSigmaPx", value: Number.NaN }, "replace_background.blur_sigma_px"],
  ["one colour", { $case: "gradient", value: { colors: ["#000000"], angle: 0 } }, "replace_background.gradient.colors"],
  [
    "a wrong colour",
    { $case: "gradient", value: { colors: ["#000000", "no"], angle: 0 } },
    "replace_background.gradient.colors[1]",
  ],
  [
    "an angle that is no number",
    { $case: "gradient", value: { colors: ["#000000", "#ffffff"], angle: Number.NaN } },
    "replace_background.gradient.angle",
  ],
  ["a place outside", { $case: "picture", value: { positionX: 1.5 } }, "replace_background.picture.position_x"],
  ["nothing", undefined, "replace_background"],
] as const)("%s is refused, naming the field", (_, background, field) => {
  expect(() => parseReplacement({ background: background as ReplaceBackgroundOperation["background"] })).toThrow(
    expect.objectContaining({ reason: "INVALID_ARGUMENT", fields: [expect.objectContaining({ field })] }) as Error,
  );
});
