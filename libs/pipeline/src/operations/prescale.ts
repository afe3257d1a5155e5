import { MAX_SIDE_PX } from "../values/limits.ts";
import { fitWithin } from "../values/sizes.ts";
import { defineOperation } from "./operation.ts";

/** Shrinks a picture to fit. */
export const prescale = defineOperation({
  case: "prescale",
  name: "prescale",
  role: "ingest",
  revision: 2,
  usesModel: false,
  catalogueList: undefined,
  addsAlpha: false,
  enlarges: false,
  numbers: {
    maxSidePx: { least: 16, most: MAX_SIDE_PX, isInteger: true, zero: "for no bound" },
    maxPixels: { least: 256, most: Number.MAX_SAFE_INTEGER, isInteger: true, zero: "for no bound" },
  },
  inputs: () => [{ name: "picture" }],
  resultSize: (bounds, input) => fitWithin(input, bounds),
  expectedCost: { curve: { startMs: 5, msPerMegapixel: 15 } },
});
