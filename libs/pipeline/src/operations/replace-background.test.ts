import { PictureFit, type ReplaceBackgroundOperation } from "@pixelmesh/proto";
import { expect, test } from "vitest";
import { validateOperation } from "./operations.ts";
import { replaceBackground } from "./replace-background.ts";

type Background = ReplaceBackgroundOperation["background"];
const context = {
  catalogue: { upscaleModels: [], matteModels: [], effects: [], remoteModels: [] },
  input: undefined,
  path: "op",
};
const resolve = (background: Background) => replaceBackground.resolve({ background }, context).value.background;

test("equal backgrounds have equal keys: colours in lower case, defaults left out, whole turns once", () => {
  const plain = { $case: "picture", value: {} } as const;
  const value = { fit: PictureFit.COVER, positionX: 0.5, positionY: 0.5, color: "#FFFFFF" };
  expect(resolve({ $case: "picture", value })).toEqual(plain);
  const changed = { fit: PictureFit.TILE, positionX: 0, positionY: 1, color: "#102030" };
  expect(resolve({ $case: "picture", value: changed })).toEqual({ $case: "picture", value: changed });
  const gradient = (angle: number, ...colors: string[]): Background => ({
    $case: "gradient",
    value: { colors, angle },
  });
  expect(resolve(gradient(360, "#ABCDEF", "#000000"))).toEqual(gradient(0, "#abcdef", "#000000"));
});

test.each([
  [{ $case: "gradient", value: { colors: ["#000000"], angle: 0 } }, "op.gradient.colors"],
  [{ $case: "gradient", value: { colors: Array(9).fill("#000000"), angle: 0 } }, "op.gradient.colors"],
  [{ $case: "gradient", value: { colors: ["#000000", "white"], angle: 0 } }, "op.gradient.colors[1]"],
  [{ $case: "gradient", value: { colors: ["#000000", "#ffffff"], angle: 361 } }, "op.gradient.angle"],
  [{ $case: "picture", value: { color: "white" } }, "op.picture.color"],
  [{ $case: "picture", value: { positionY: -0.1 } }, "op.picture.position_y"],
  [undefined, "op.background"],
] as const)("%o is refused, naming the field", (background, field) => {
  const value = { background: background as Background };
  expect(() => validateOperation({ $case: "replaceBackground", value }, "op")).toThrow(
    expect.objectContaining({ reason: "INVALID_ARGUMENT", message: expect.stringContaining(`\`${field}\``) }) as Error,
  );
});
