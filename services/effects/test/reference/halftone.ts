import { createHalftoneScreen } from "../../src/domain/draw/halftone.ts";

/** Returns the screen's rank at a pixel: the share of ink, 0 to 1, at which the growing dot reaches it. */
export type Screen = (x: number, y: number) => number;

/** Creates the halftone screen of a period and an angle. */
export function createScreen(periodPx: number, angleDegrees: number): Screen {
  const { ranks, right, down } = createHalftoneScreen(periodPx, angleDegrees);
  const side = Math.sqrt(ranks.length);
  return (x, y) => {
    const u = Math.floor(x * right + y * down) & (side - 1);
    const v = Math.floor(y * right - x * down) & (side - 1);
    return ranks[v * side + u] as number;
  };
}
