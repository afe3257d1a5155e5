import { createAlphaCopy } from "./alpha.ts";
import { joinParts } from "./chain-stages.ts";
import type { CreateStage, Row, RowPainter, RowTarget, Stage, StageContext } from "./rows.ts";

/** Returns a stage that paints each row on its own. Alpha is copied. */
export function mapRows(context: StageContext, paint: RowPainter, target: RowTarget): Stage {
  const copyAlpha = createAlphaCopy(context);
  const { paintPixels } = paint;
  const pushRows = (rows: Row, count: number) => {
    const to = target.place();
    const pixels = count * context.shape.widthPx;
    paintPixels?.(rows, to, pixels);
    copyAlpha(rows, to, pixels);
    target.emit(to, count);
  };
  let y = 0;
  return {
    pushRows: paintPixels && pushRows,
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

/** Returns a stage of one or more stages, one after another, with rows of floats of the same shape between them. */
export function joinStages(creates: readonly CreateStage[], context: StageContext, target: RowTarget): Stage {
  const { space, shape, from, to } = context;
  const parts = creates.map((createStage) => ({ shape, createStage }));
  return joinParts(space, parts, { from, to }, target);
}
