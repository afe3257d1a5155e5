import { areaOf, type Contour, reverse } from "./contours.ts";

/** The largest angle between two edges of a round corner. They miss its arc by 0.5 % of the radius. */
const cornerStep = 0.2;

/**
 * Returns contours that, together with the given ones, fill everything within `radiusPx` of them, with round corners: a rectangle beside each edge and a sector
 * at each convex corner of the ink. All have a positive area; in the given ones, holes have a negative one.
 */
export function strokeOf(contours: readonly Contour[], radiusPx: number): readonly Contour[] {
  if (radiusPx <= 0) return [];
  return contours.flatMap((contour) => strokeOfOne(contour, radiusPx)).map(toPositive);
}

type Edge = { readonly x: number; readonly y: number; readonly dx: number; readonly dy: number };

function strokeOfOne(contour: Contour, radius: number): Contour[] {
  const edges = toEdges(contour);
  return edges.flatMap((edge, index) => {
    const next = edges[(index + 1) % edges.length] as Edge;
    return [toRectangle(edge, next, radius), ...toCorner(edge, next, radius)];
  });
}

/** Returns the edges of a contour that have a length: their starts, and their directions of length 1. */
function toEdges(contour: Contour): readonly Edge[] {
  const edges: Edge[] = [];
  for (let i = 0; i < contour.length; i += 2) {
    const next = (i + 2) % contour.length;
    const [x, y] = [contour[i] as number, contour[i + 1] as number];
    const [right, down] = [(contour[next] as number) - x, (contour[next + 1] as number) - y];
    const length = Math.hypot(right, down);
    if (length > 0) edges.push({ x, y, dx: right / length, dy: down / length });
  }
  return edges;
}

/** The ink lies to the left of an edge's direction, with y downwards: at (-dy, dx). Each edge ends where the next one starts. */
function toRectangle({ x, y, dx, dy }: Edge, { x: endX, y: endY }: Edge, radius: number): Contour {
  const [across, down] = [dy * radius, -dx * radius];
  return [x, y, endX, endY, endX + across, endY + down, x + across, y + down];
}

/** The sector between the rectangles of two edges; at a corner that turns towards the ink these overlap. */
function toCorner(before: Edge, { x, y, dx, dy }: Edge, radius: number): Contour[] {
  const turn = Math.atan2(before.dx * dy - before.dy * dx, before.dx * dx + before.dy * dy);
  if (turn <= 0) return [];
  const steps = Math.ceil(turn / cornerStep);
  const sector = [x, y];
  for (let i = 0; i <= steps; i++) {
    const [cos, sin] = [Math.cos((turn * i) / steps), Math.sin((turn * i) / steps)];
    sector.push(x + radius * (before.dy * cos + before.dx * sin), y - radius * (before.dx * cos - before.dy * sin));
  }
  return [sector];
}

function toPositive(contour: Contour): Contour {
  return areaOf(contour) < 0 ? reverse(contour) : contour;
}
