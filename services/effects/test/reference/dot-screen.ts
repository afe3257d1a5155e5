import { boundSteps, type DotShape, dotBounds } from "../../src/domain/draw/dot-screen.ts";

/**
 * Returns the share of pixel (x, y) that a dot covers for a tone. The spot functions are those of PostScript (Language Reference, 3rd edition, 6.4); a
 * dot's rim is a ramp of one pixel across.
 */
export function createDots(shape: DotShape, cellPx: number, angleDegrees: number) {
  const angle = (angleDegrees * Math.PI) / 180;
  const bounds = dotBounds(shape, cellPx);
  return (x: number, y: number, tone: number): number => {
    const u = ((x + 0.5) * Math.cos(angle) + (y + 0.5) * Math.sin(angle)) / cellPx;
    const v = ((y + 0.5) * Math.cos(angle) - (x + 0.5) * Math.sin(angle)) / cellPx;
    const bound = bounds[Math.round(tone * boundSteps)] as number;
    const [height, slope] = [heightOf(shape, u, v), slopeOf(shape, u, v, cellPx)];
    const ramp = (above: number) => Math.min(1, Math.max(0, above / slope + 0.5));
    if (shape === "line")
      return Math.min(1, ramp(height - bound) - ramp(height + bound - 2) + ramp(-height - bound - 2));
    return ramp(height - bound);
  };
}

/** Returns the spot function at a place in cells: 1 at the centre of a dot, -1 where paper remains longest. */
export function heightOf(shape: DotShape, u: number, v: number): number {
  const distance = (value: number) => Math.abs(value - Math.round(value));
  if (shape === "line") return 1 - 4 * distance(v);
  if (shape === "diamond") return 1 - 2 * (distance(u) + distance(v));
  return (Math.cos(2 * Math.PI * u) + Math.cos(2 * Math.PI * v)) / 2;
}

function slopeOf(shape: DotShape, u: number, v: number, cellPx: number): number {
  if (shape === "line") return 4 / cellPx;
  if (shape === "diamond") return (2 * Math.SQRT2) / cellPx;
  const gradient = Math.PI * Math.hypot(Math.sin(2 * Math.PI * u), Math.sin(2 * Math.PI * v));
  return Math.max(gradient / cellPx, Math.min(4, (Math.PI / cellPx) ** 2));
}
