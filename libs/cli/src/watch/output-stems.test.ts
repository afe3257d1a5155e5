import { expect, test } from "vitest";
import { createOutputStems } from "./output-stems.ts";

test("each picture has its own stem, and keeps it", () => {
  const stems = createOutputStems([], (stem) => stem === "used");
  expect(["x.jpg", "sub/X.jpg", "x.png", "used.png", "x.jpg"].map(stems.of)).toEqual([
    "x",
    "X-2",
    "x-3",
    "used-2",
    "x",
  ]);
});

test("stems of earlier commands belong to their pictures, in any order", () => {
  const stems = createOutputStems(
    [
      { source: "x.png", stem: "x" },
      { source: "x.jpg", stem: "x-2" },
    ],
    () => false,
  );
  expect(["x.jpg", "x.gif", "x.png"].map(stems.of)).toEqual(["x-2", "x-3", "x"]);
});
