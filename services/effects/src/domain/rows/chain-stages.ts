import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { passRows } from "./pass-rows.ts";
import { createRowQueue, type RowQueue } from "./row-queue.ts";
import { type CreateStage, type RowFormat, type RowShape, type RowTarget, rowBytes, type Stage } from "./rows.ts";

/** A stage of a chain, and the shape of the rows that it receives. */
export type ChainPart = { readonly shape: RowShape; readonly createStage: CreateStage };

/** The formats of the rows that enter and leave a chain of stages. */
export type Formats = { readonly from: RowFormat; readonly to: RowFormat };

/** The stages of a chain, and the queue of its finished rows. */
export type ChainStages = { readonly stages: Stage; readonly output: RowQueue };

/**
 * Creates the stages of a chain with a result of this shape. The queue has room for `stripRows` rows: `push` and `more` of the stages emit at most one
 * row each. No parts: rows of `shape` pass through.
 */
export function createChainStages(
  space: KernelSpace,
  parts: readonly ChainPart[],
  { shape, stripRows, ...formats }: Formats & { readonly shape: RowShape; readonly stripRows: number },
): ChainStages {
  const output = createRowQueue(space, shape, formats.to, stripRows);
  const all = parts.length > 0 ? parts : [{ shape, createStage: passRows }];
  return { stages: joinParts(space, all, formats, output), output };
}

/** Returns a stage of one or more stages, one after another, with rows of floats between them. */
export function joinParts(space: KernelSpace, parts: readonly ChainPart[], formats: Formats, target: RowTarget): Stage {
  let next = target;
  const stages: Stage[] = [];
  for (const [index, { shape, createStage }] of [...parts.entries()].reverse()) {
    const from = index === 0 ? formats.from : "floats";
    const to = index === parts.length - 1 ? formats.to : "floats";
    const stage = createStage({ space, shape, from, to }, next);
    stages.unshift(stage);
    if (index === 0) break;
    const between = space.allocate(rowBytes(shape, "floats"));
    next = { place: () => between, emit: stage.push };
  }
  const [first] = stages as [Stage, ...Stage[]];
  if (parts.length === 1) return first;
  const fromLast = stages.toReversed();
  const open = [...stages];
  let isEnding = false;
  return {
    push: first.push,
    more() {
      // The last stage first: a stage takes no row while it has some to emit.
      while (!fromLast.some((stage) => stage.more())) {
        const next = isEnding ? open.shift() : undefined;
        if (next === undefined) return false;
        next.end();
      }
      return true;
    },
    end() {
      isEnding = true;
    },
  };
}
