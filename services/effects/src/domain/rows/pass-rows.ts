import { type CreateStage, type Row, rowBytes, type StageContext } from "./rows.ts";

/** A stage that passes rows on unchanged, in the format that the next one takes. */
export const passRows: CreateStage = (context, target) => {
  const copy = createCopy(context);
  const pushRows = (rows: Row, count: number) => {
    const to = target.place();
    copy(rows, to, count);
    target.emit(to, count);
  };
  return {
    push: (row) => pushRows(row, 1),
    pushRows,
    more: () => false,
    end() {},
  };
};

function createCopy({ space, shape, from, to }: StageContext): (rows: Row, place: Row, count: number) => void {
  const { bytesToFloats, floatsToBytes } = space.kernels;
  const samples = shape.widthPx * shape.channels;
  if (from === to) {
    const bytes = rowBytes(shape, from);
    return (rows, place, count) => space.bytes(place, count * bytes).set(space.bytes(rows, count * bytes));
  }
  const convert = from === "bytes" ? bytesToFloats : floatsToBytes;
  return (rows, place, count) => convert(rows, count * samples, place);
}
