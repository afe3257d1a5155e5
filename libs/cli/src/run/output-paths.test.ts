import fc from "fast-check";
import { expect, test } from "vitest";
import { chooseStems, toFileName } from "./output-paths.ts";

const never = () => false;

test("outputs are named after their picture, output and format", () => {
  expect(toFileName("cat", "result", "jpeg")).toBe("cat.result.jpg");
  expect(toFileName("cat", "bw", "webp")).toBe("cat.bw.webp");
  expect(chooseStems(["in/cat.png", "my.cat.jpeg", ".hidden"], never)).toEqual(["cat", "my.cat", ".hidden"]);
});

test("a repeated stem gets -2, also where it differs in case only", () => {
  expect(chooseStems(["a/cat.png", "b/cat.jpg", "c/CAT.png"], never)).toEqual(["cat", "cat-2", "CAT-3"]);
  expect(chooseStems(["cat-2.png", "cat.png", "x/cat.png"], never)).toEqual(["cat-2", "cat", "cat-3"]);
});

test("a stem that would name an input gets -2", () => {
  expect(chooseStems(["cat.png"], (stem) => stem === "cat")).toEqual(["cat-2"]);
});

test("pictures of any names have different stems", () => {
  const path = fc.stringMatching(/^([ab]\/)?[aAbB-]{1,3}(-[23])?(\.png)?$/);
  fc.assert(
    fc.property(fc.array(path), (paths) => {
      const stems = chooseStems(paths, never).map((stem) => stem.toLowerCase());
      expect(new Set(stems).size).toBe(paths.length);
    }),
  );
});
