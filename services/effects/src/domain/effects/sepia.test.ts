import { expect, test } from "vitest";
import { createFlat, createPicture, toEffect, toPixels } from "../../../test/pictures.ts";
import { expectReference, mapColors } from "../../../test/reference/tone-pictures.ts";
import { parseEffects } from "../catalogue/catalogue.ts";
import { applyChain } from "../chain.ts";

test.each([0, 35, 100])("equals the formula of CSS at %i %%", async (amount) => {
  const share = amount / 100;
  await expectReference("sepia", { amount }, (picture) =>
    mapColors(picture, ([r, g, b]) => [
      r + (0.393 * r + 0.769 * g + 0.189 * b - r) * share,
      g + (0.349 * r + 0.686 * g + 0.168 * b - g) * share,
      b + (0.272 * r + 0.534 * g + 0.131 * b - b) * share,
    ]),
  );
});

test("grey becomes brown, and nothing changes at 0 %", async () => {
  // Row sums of the matrix: 1.351, 1.203 and 0.937.
  const grey = await applyChain(createFlat(1, 1, [100, 100, 100]), parseEffects([toEffect("sepia")]));
  expect(toPixels(grey)).toEqual([[135, 120, 94]]);
  const picture = createPicture(31, 17, 4);
  const same = await applyChain(picture, parseEffects([toEffect("sepia", { amount: 0 })]));
  expect(Buffer.compare(same.data, picture.data)).toBe(0);
});
