import fc from "fast-check";
import { expect, test } from "vitest";
import { layoutGraph, nodeHeightPx, nodeWidthPx } from "./layout-graph.ts";

/** Pipelines of at most 64 steps, each with inputs among the steps before it. */
const pipelines = fc.array(fc.array(fc.nat(), { maxLength: 3 }), { minLength: 1, maxLength: 64 }).map((lists) =>
  lists.map((picks, index) => ({
    id: `s${index}`,
    inputSteps: index === 0 ? [] : [...new Set(picks.map((pick) => `s${pick % index}`))],
  })),
);

test("Each step is right of all of its inputs, and no two steps overlap", () => {
  fc.assert(
    fc.property(pipelines, (steps) => {
      const { nodes, edges, widthPx, heightPx } = layoutGraph(steps);
      const byId = new Map(nodes.map((node) => [node.id, node]));
      expect(nodes.map(({ id }) => id)).toEqual(steps.map(({ id }) => id));
      for (const { id, inputSteps } of steps)
        for (const input of inputSteps) expect(byId.get(input)!.x + nodeWidthPx).toBeLessThan(byId.get(id)!.x);
      expect(edges).toHaveLength(steps.reduce((sum, { inputSteps }) => sum + inputSteps.length, 0));
      for (const [index, a] of nodes.entries()) {
        expect(a.x >= 0 && a.y >= 0 && a.x + nodeWidthPx <= widthPx && a.y + nodeHeightPx <= heightPx + 1e-6).toBe(
          true,
        );
        for (const b of nodes.slice(index + 1))
          expect(Math.abs(a.x - b.x) >= nodeWidthPx || Math.abs(a.y - b.y) >= nodeHeightPx).toBe(true);
      }
    }),
  );
});

test("A fan of variants lies in one column, in its order, centred on its source", () => {
  const steps = [{ id: "cut", inputSteps: [] }, ...["a", "b", "c"].map((id) => ({ id, inputSteps: ["cut"] }))];
  const { nodes } = layoutGraph(steps);
  const [cut, a, b, c] = nodes;
  expect([a, b, c].map((node) => node?.column)).toEqual([1, 1, 1]);
  expect(a!.y).toBeLessThan(b!.y);
  expect(b!.y).toBeLessThan(c!.y);
  expect(cut!.y).toBe(b!.y);
});

test("No steps and unknown inputs are drawn without a failure", () => {
  expect(layoutGraph([])).toEqual({ widthPx: 0, heightPx: 0, nodes: [], edges: [] });
  expect(layoutGraph([{ id: "a", inputSteps: ["gone"] }]).edges).toEqual([]);
});
