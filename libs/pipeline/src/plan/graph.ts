import type { Input, Step } from "@pixelmesh/proto";

/** For each step, by index, the indexes of the steps that it takes pictures from. */
export type Edges = readonly (readonly number[])[];

/** A step's inputs with the default filled in: the step before it in the list, or the upload "source" for the first. */
export function explicitInputs(steps: readonly Step[], index: number): readonly Input[] {
  const inputs = steps[index]?.inputs ?? [];
  if (inputs.length > 0) return inputs;
  const before = steps[index - 1];
  return [{ from: before ? { $case: "step", value: before.id } : { $case: "upload", value: "source" } }];
}

/** The edges between steps whose inputs are explicit. An input that names no step of the list gives no edge. */
export function edgesOf(steps: readonly Step[]): Edges {
  const indexById = new Map(steps.map((step, index) => [step.id, index]));
  return steps.map((step) =>
    step.inputs.flatMap(({ from }) => {
      const index = from?.$case === "step" ? indexById.get(from.value) : undefined;
      return index === undefined ? [] : [index];
    }),
  );
}

/**
 * A topological order, as indexes: every step comes after the steps that it takes pictures from. Otherwise the list's own order is
 * kept. The result is shorter than the list exactly when there is a cycle.
 */
export function topologicalOrder(edges: Edges): number[] {
  const order: number[] = [];
  const placed = new Set<number>();
  for (;;) {
    const next = edges.findIndex((from, index) => !placed.has(index) && from.every((source) => placed.has(source)));
    if (next < 0) return order;
    placed.add(next);
    order.push(next);
  }
}

/** A cycle as indexes in the direction in which pictures flow, its first index repeated at its end; undefined where there is none. */
export function findCycle(edges: Edges): number[] | undefined {
  const ordered = new Set(topologicalOrder(edges));
  let at = edges.findIndex((_, index) => !ordered.has(index));
  if (at < 0) return undefined;
  // A step that cannot be ordered takes a picture from another such step, so a backward walk must return to one of its steps.
  const path: number[] = [];
  while (!path.includes(at)) {
    path.push(at);
    at = edges[at]?.find((source) => !ordered.has(source)) ?? at;
  }
  return [at, ...path.slice(path.indexOf(at)).reverse()];
}

/** The given steps and all their ancestors. */
export function withAncestors(edges: Edges, roots: Iterable<number>): Set<number> {
  const found = new Set(roots);
  for (const index of found) for (const source of edges[index] ?? []) found.add(source);
  return found;
}
