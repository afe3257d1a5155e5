import type { FileWindow } from "./file-window.ts";

/** One field of a protobuf message: a number, or the range of its bytes. */
export type Field =
  | { readonly number: number; readonly value: number }
  | { readonly number: number; readonly start: number; readonly end: number };

/** The number of fields that may still be read from a file. It bounds the time for a file of many empty fields. */
export type FieldBudget = { left: number };

/**
 * Yields the fields of the message in `start…end`, in order, without fixed-width ones. Wire format as in
 * protobuf.dev/programming-guides/encoding. Throws RangeError if the bytes are no message or hold more fields than the budget.
 */
export function* readFields(file: FileWindow, start: number, end: number, budget: FieldBudget): Generator<Field> {
  let at = start;
  const varint = () => {
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (at >= end) throw new RangeError("a number is cut off");
      const byte = file.byteAt(at++);
      value += (byte & 127) * 2 ** shift;
      if (byte < 128) return value;
    }
    throw new RangeError("a number is too long");
  };
  const skip = (length: number) => {
    if (length > end - at) throw new RangeError("a field is longer than its message");
    at += length;
    return at;
  };

  while (at < end) {
    if (--budget.left < 0) throw new RangeError("too many fields");
    const tag = varint();
    const number = Math.floor(tag / 8);
    if (number < 1 || number >= 2 ** 29) throw new RangeError("no field number");
    const wireType = tag % 8;
    if (wireType === 0) yield { number, value: varint() };
    else if (wireType === 1) skip(8);
    else if (wireType === 5) skip(4);
    else if (wireType === 2) {
      const length = varint();
      const from = at;
      yield { number, start: from, end: skip(length) };
    } else throw new RangeError("no wire type");
  }
}
