import type { Shape } from "@pixelmesh/imaging";
import type { ParsedEffect } from "../src/domain/catalogue/define-effect.ts";
import { chainNeed } from "../src/domain/chain-need.ts";

/** The groups whose effects keep size and alpha are all but this one. */
export const composition = "composition";

/** What the result of a chain must have: this shape exactly, or at most its sides where the content of the picture decides. */
export type WantedShape = { readonly shape: Shape; readonly isExact: boolean };

/** Returns the shape that a chain declares for a picture. */
export function wantedShape(chain: readonly ParsedEffect[], picture: Shape): WantedShape {
  const { result } = chainNeed(chain, picture);
  const cropsToObject = ({ name, resolved }: ParsedEffect) => {
    const kind = name === "crop" ? resolved.parameters.mode?.kind : undefined;
    return kind?.$case === "text" && kind.value === "object";
  };
  return { shape: result, isExact: !chain.some(cropsToObject) };
}
