/** Sizes of the drawing, in CSS px. */
export const nodeWidthPx = 196;
export const nodeHeightPx = 96;
const gapXPx = 56;
const gapYPx = 18;

/** A step to place: its id and the ids of the steps whose results it takes. */
export type GraphStep = { readonly id: string; readonly inputSteps: readonly string[] };

/** A placed step. `x` and `y` are its top left corner, in px. */
export type GraphNode = { readonly id: string; readonly column: number; readonly x: number; readonly y: number };

/** A line from the right side of one step to the left side of another, as an SVG path. */
export type GraphEdge = { readonly from: string; readonly to: string; readonly path: string };

/** A drawing of a job's steps. */
export type GraphLayout = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly nodes: readonly GraphNode[];
  readonly edges: readonly GraphEdge[];
};

/**
 * Places steps in columns: each step is one column right of the last of its inputs (longest-path layering). In a column, steps are ordered by the mean place
 * of their inputs (barycentre heuristic of Sugiyama et al., 1981). Input steps that are not in the list are ignored.
 */
export function layoutGraph(steps: readonly GraphStep[]): GraphLayout {
  const columns = toColumns(steps);
  const heightPx = Math.max(...columns.map(columnHeightPx), 0);
  const placed = new Map<string, GraphNode>();
  for (const [column, members] of columns.entries()) {
    const rank = ({ inputSteps }: GraphStep) => mean(inputSteps.flatMap((id) => placed.get(id)?.y ?? []));
    const ordered = members.map((step) => ({ step, rank: rank(step) })).toSorted((a, b) => a.rank - b.rank);
    const top = (heightPx - columnHeightPx(members)) / 2;
    for (const [row, { step }] of ordered.entries())
      placed.set(step.id, {
        id: step.id,
        column,
        x: column * (nodeWidthPx + gapXPx),
        y: top + row * (nodeHeightPx + gapYPx),
      });
  }
  return {
    widthPx: Math.max(0, columns.length * (nodeWidthPx + gapXPx) - gapXPx),
    heightPx,
    nodes: steps.flatMap(({ id }) => placed.get(id) ?? []),
    edges: steps.flatMap((step) => edgesTo(step, placed)),
  };
}

function toColumns(steps: readonly GraphStep[]): GraphStep[][] {
  const byId = new Map(steps.map((step) => [step.id, step]));
  const columnOf = new Map<string, number>();
  const visit = (step: GraphStep): number => {
    const known = columnOf.get(step.id);
    if (known !== undefined) return known;
    // A pipeline has no cycles. Should one come, it ends here.
    columnOf.set(step.id, 0);
    const before = step.inputSteps.flatMap((id) => byId.get(id) ?? []).map(visit);
    const column = before.length === 0 ? 0 : Math.max(...before) + 1;
    columnOf.set(step.id, column);
    return column;
  };
  const columns: GraphStep[][] = [];
  for (const step of steps) {
    const column = visit(step);
    while (columns.length <= column) columns.push([]);
    columns[column]?.push(step);
  }
  return columns;
}

function columnHeightPx(members: readonly GraphStep[]): number {
  return members.length * (nodeHeightPx + gapYPx) - gapYPx;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function edgesTo({ id, inputSteps }: GraphStep, placed: ReadonlyMap<string, GraphNode>): GraphEdge[] {
  const to = placed.get(id);
  return [...new Set(inputSteps)].flatMap((from) => {
    const start = placed.get(from);
    if (!start || !to) return [];
    const [x1, y1] = [start.x + nodeWidthPx, start.y + nodeHeightPx / 2];
    const [x2, y2] = [to.x, to.y + nodeHeightPx / 2];
    const bend = gapXPx / 2;
    return [{ from, to: id, path: `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}` }];
  });
}
