import { createAlphaCopy } from "./alpha.ts";
import { type CreateStage, type RowPainter, type RowTarget, rowBytes, type Stage, type StageContext } from "./rows.ts";

/** Returns a stage that paints each row on its own. Alpha is copied. */
export function mapRows(context: StageContext, paint: RowPainter, target: RowTarget): Stage {
  const copyAlpha = createAlphaCopy(context);
  let y = 0;
  return {
    push(row) {
      const to = target.place();
      paint(row, to, y);
      copyAlpha(row, to);
      y += 1;
      target.emit(to);
    },
    more: () => false,
    end() {},
  };
}

/** Returns a stage of one or more stages, one after another, with rows of floats between them. */
export function joinStages(creates: readonly CreateStage[], context: StageContext, target: RowTarget): Stage {
  const { space, shape } = context;
  let next = target;
  const stages: Stage[] = [];
  for (const [index, create] of [...creates.entries()].reverse()) {
    const from = index === 0 ? context.from : "floats";
    const to = index === creates.length - 1 ? context.to : "floats";
    const stage = create({ space, shape, from, to }, next);
    stages.unshift(stage);
    if (index === 0) break;
    const between = space.allocate(rowBytes(shape, "floats"));
    next = { place: () => between, emit: stage.push };
  }
  const [first] = stages as [Stage, ...Stage[]];
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
