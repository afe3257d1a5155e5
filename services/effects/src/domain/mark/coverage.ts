import type { Contour } from "./contours.ts";

/** Lines of each row of pixels on which contours are cut. Coverage is exact across, and in steps of 1/16 where an edge lies flat. */
const linesPerRow = 16;

/** Writes to `to` which share of each pixel of row `y` lies within contours, from 0 to 1. Called for the rows top-down, once each. */
export type Coverage = (y: number, to: Float64Array) => void;

/** An edge from its upper end down. */
type Edge = {
  readonly top: number;
  readonly bottom: number;
  readonly topX: number;
  readonly slope: number;
  readonly direction: 1 | -1;
  /** Where it cuts the current line. */
  x: number;
};

/** Contours to fill, and their coverage. */
export type Fill = { add(contours: readonly Contour[]): void; readonly coverage: Coverage };

/**
 * Creates the coverage of contours, which are added before the first row, by the non-zero winding rule. Contours of the same direction may overlap. The
 * active edges of a line are kept in order: W. K. Bouknight, "A procedure for generation of three-dimensional half-toned computer graphics
 * presentations" (1970).
 */
export function createFill(widthPx: number, heightPx: number): Fill {
  // By the row in which an edge begins.
  const starts: Edge[][] = Array.from({ length: heightPx }, () => []);
  const active: Edge[] = [];
  const changes = new Float64Array(widthPx + 2);
  return {
    add(contours) {
      for (const contour of contours)
        for (const edge of toEdges(contour)) starts[Math.max(0, Math.floor(edge.top))]?.push(edge);
    },
    coverage(y, to) {
      to.fill(0);
      changes.fill(0);
      const starting = starts[y]?.sort((a, b) => b.top - a.top) ?? [];
      for (let line = 0; line < linesPerRow; line++) {
        const at = y + (line + 0.5) / linesPerRow;
        while ((starting.at(-1)?.top ?? at + 1) <= at) active.push(starting.pop() as Edge);
        cut(active, at);
        addSpans(active, widthPx, to, changes);
      }
      // Those that begin below the last line of this row.
      active.push(...starting.splice(0));
      let whole = 0;
      for (let x = 0; x < widthPx; x++) {
        whole += changes[x] as number;
        to[x] = Math.min(1, ((to[x] as number) + whole) / linesPerRow);
      }
    },
  };
}

function toEdges(contour: Contour): Edge[] {
  const edges: Edge[] = [];
  for (let i = 0; i < contour.length; i += 2) {
    const next = (i + 2) % contour.length;
    const [x, y] = [contour[i] as number, contour[i + 1] as number];
    const [endX, endY] = [contour[next] as number, contour[next + 1] as number];
    if (y === endY) continue;
    const slope = (endX - x) / (endY - y);
    if (y < endY) edges.push({ top: y, bottom: endY, topX: x, slope, direction: 1, x });
    else edges.push({ top: endY, bottom: y, topX: endX, slope, direction: -1, x: endX });
  }
  return edges;
}

/** Drops the edges that end above a line and sorts the others by their places on it. Those of the line before are nearly sorted. */
function cut(active: Edge[], at: number): void {
  let count = 0;
  let isSorted = true;
  for (const edge of active) {
    if (edge.bottom <= at) continue;
    edge.x = edge.topX + (at - edge.top) * edge.slope;
    isSorted &&= count === 0 || (active[count - 1] as Edge).x <= edge.x;
    active[count] = edge;
    count += 1;
  }
  active.length = count;
  if (!isSorted) active.sort((a, b) => a.x - b.x);
}

/** Adds the inner stretches of a line: parts of pixels to `to`, and where runs of whole pixels begin and end to `changes`. */
function addSpans(active: readonly Edge[], widthPx: number, to: Float64Array, changes: Float64Array): void {
  let winding = 0;
  let start = 0;
  for (const { direction, x } of active) {
    if (winding === 0) start = x;
    winding += direction;
    if (winding !== 0) continue;
    const [from, end] = [Math.max(0, start), Math.min(widthPx, x)];
    if (end <= from) continue;
    const [first, last] = [Math.floor(from), Math.floor(end)];
    if (first === last) to[first] = (to[first] as number) + end - from;
    else {
      to[first] = (to[first] as number) + first + 1 - from;
      changes[first + 1] = (changes[first + 1] as number) + 1;
      changes[last] = (changes[last] as number) - 1;
      if (last < widthPx) to[last] = (to[last] as number) + end - last;
    }
  }
}
