import { compositionKernels } from "../../kernels/composition-kernels.ts";
import { createFloatReader, createFloatWriter } from "../rows/on-floats.ts";
import { type CreateStage, type Row, rowBytes, type StageContext } from "../rows/rows.ts";
import type { Mark } from "./mark.ts";
import type { Piece, PiecesAt } from "./mark-places.ts";

/** A prepared mark, and how it is laid. */
export type LaidMark = {
  readonly mark: Mark;
  /** Pixels of the prepared mark for each pixel of the picture, along the mark's own axes. */
  readonly scale: { readonly across: number; readonly down: number };
  /** The mark's turn, clockwise. */
  readonly turn: { readonly cos: number; readonly sin: number };
  /** Whether the mark's pixels lie on those of the picture, in rows and columns. */
  readonly isAligned: boolean;
  /** From 0 to 1. */
  readonly opacity: number;
};

/** Returns a stage that lays a mark over rows at its places, in linear light. Marks that overlap are laid one after another. */
export function layMarks(laid: LaidMark, piecesAt: PiecesAt): CreateStage {
  return (context, target) => {
    const { space, shape, from, to: format } = context;
    const { layMark } = space.use(compositionKernels);
    const read = createFloatReader(context);
    const write = createFloatWriter(context);
    const toRow = createMarkRow(context, laid);
    const [bytes, sameBytes] = [rowBytes(shape, "floats"), rowBytes(shape, from)];
    let y = 0;
    return {
      push(row) {
        const to = target.place();
        const pieces = piecesAt(y);
        if (pieces.length === 0 && from === format) space.bytes(to, sameBytes).set(space.bytes(row, sameBytes));
        else
          write(to, (floats) => {
            space.bytes(floats, bytes).set(space.bytes(read(row), bytes));
            for (const piece of pieces) {
              const place = floats + piece.x * shape.channels * 4;
              layMark(toRow(piece), piece.count, laid.opacity, place, shape.channels);
            }
          });
        y += 1;
        target.emit(to);
      },
      more: () => false,
      end() {},
    };
  };
}

/** Returns the function that gives the address of a stretch of the mark as floats, which the next call reuses. */
function createMarkRow(
  { space, shape }: StageContext,
  { mark, scale, turn, isAligned }: LaidMark,
): (piece: Piece) => Row {
  const { sampleMark } = space.use(compositionKernels);
  const { bytesToFloats } = space.kernels;
  const floats = space.allocate(shape.widthPx * 16);
  if (isAligned && turn.cos === 1)
    return ({ u, v, count }) => {
      bytesToFloats(mark.address + (Math.floor(v) * mark.widthPx + Math.floor(u)) * 4, count * 4, floats);
      return floats;
    };
  const [du, dv] = [turn.cos * scale.across, -turn.sin * scale.down];
  return ({ u, v, count }) => {
    const place = [u * scale.across, v * scale.down, du, dv] as const;
    sampleMark(mark.address, mark.widthPx, mark.heightPx, ...place, count, floats);
    return floats;
  };
}
