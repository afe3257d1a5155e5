import type { Input, Step } from "@pixelmesh/proto";

/** For each step, by index, the indexes of the steps it takes pictures from. */
export type Edges = readonly (readonly number[])[];

/** A step's inputs with the default filled in: the step before it in the list, or the upload "source" for the first. */
export function explicitInputs(steps: readonly Step[], index: number): readonly Input[] {
  const inputs = steps[index]?.inputs ?? [];
  if (inputs.length > 0) return inputs;
  const before = steps[index - 1];
  return [{ from: before ? { $case: "step", value: before.id } : { $case: "upload", value: "source" } }];
}

/** The edges between steps whose inputs are explicit; inputs that name no step of the list give none. */
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
 * Indexes such that every step comes after those it takes pictures from, otherwise as near to the list's own order as
 * can be. Shorter than the list exactly when there is a cycle.
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

/** A cycle as indexes in the direction pictures would flow, its first one repeated at its end; none: undefined. */
export function findCycle(edges: Edges): number[] | undefined {
  const sound = new Set(topologicalOrder(edges));
  let at = edges.findIndex((_, index) => !sound.has(index));
  if (at < 0) return undefined;
  // Every step that cannot be ordered takes from another such step: walking backwards must meet itself.
  const path: number[] = [];
  while (!path.includes(at)) {
    path.push(at);
    at = edges[at]?.find((source) => !sound.has(source)) ?? at;
  }
  return [at, ...path.slice(path.indexOf(at)).reverse()];
}

/** The given steps and all that they take pictures from, directly or not. */
export function withAncestors(edges: Edges, roots: Iterable<number>): Set<number> {
  const found = new Set(roots);
  for (const index of found) for (const source of edges[index] ?? []) found.add(source);
  return found;
}
