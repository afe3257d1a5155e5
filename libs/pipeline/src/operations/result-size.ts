import { fitWithin, type Size } from "../values/sizes.ts";
import type { Operation } from "./operations.ts";
import { upscaledSize } from "./upscale-size.ts";

/** What an operation makes of a picture of a size. Effects and backgrounds keep it; the first input decides. */
export function resultSize(operation: Operation, input: Size): Size {
  switch (operation.$case) {
    case "prescale":
      return fitWithin(input, operation.value);
    case "upscale":
      return upscaledSize(operation.value, input, 0);
    default:
      return input;
  }
}
