import { type CreateStage, rowBytes, type StageContext } from "./rows.ts";

/** A stage that passes rows on unchanged, in the format that the next one takes. */
export const passRows: CreateStage = (context, target) => {
  const copy = createCopy(context);
  return {
    push(row) {
      const to = target.place();
      copy(row, to);
      target.emit(to);
    },
    more: () => false,
    end() {},
  };
};

function createCopy({ space, shape, from, to }: StageContext): (row: number, place: number) => void {
  const { bytesToFloats, floatsToBytes } = space.kernels;
  const samples = shape.widthPx * shape.channels;
  if (from === to) {
    const bytes = rowBytes(shape, from);
    return (row, place) => space.bytes(place, bytes).set(space.bytes(row, bytes));
  }
  return from === "bytes"
    ? (row, place) => bytesToFloats(row, samples, place)
    : (row, place) => floatsToBytes(row, samples, place);
}
