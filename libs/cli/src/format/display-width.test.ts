import fc from "fast-check";
import { expect, test } from "vitest";
import { displayWidth, fitEnd, fitStart, padCells } from "./display-width.ts";

// Unicode Standard Annex 11, East Asian Width: W and F are wide, the rest narrow; combining marks take no cell.
test.each([
  ["abc", 3],
  ["写真", 4],
  ["カメラ", 6],
  ["ｶﾒﾗ", 3],
  ["사진", 4],
  ["Ａ", 2],
  ["e\u0301", 1],
  ["é", 1],
  ["🖼🎉", 3],
  ["…", 1],
])("`%s` takes %i cells", (text, cells) => expect(displayWidth(text)).toBe(cells));

test("cut and padded texts take exactly the given cells", () => {
  const text = fc.string({ unit: fc.constantFrom("a", "写", "e\u0301", "🎉", " ") });
  fc.assert(
    fc.property(text, fc.integer({ min: 0, max: 20 }), (given, cells) => {
      for (const fitted of [fitStart(given, cells), fitEnd(given, cells)]) {
        expect(displayWidth(fitted)).toBeLessThanOrEqual(cells);
        expect(displayWidth(padCells(fitted, cells))).toBe(cells);
      }
    }),
  );
});
