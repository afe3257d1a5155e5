import { readSync } from "node:fs";

/** Positioned reads of a file through one buffer. They throw RangeError past the end. */
export type FileWindow = {
  /** Returns the byte at an offset. */
  readonly byteAt: (offset: number) => number;
  /** Returns a copy of `length` bytes. */
  readonly slice: (offset: number, length: number) => Buffer;
};

const windowBytes = 64 * 1024;

/** Creates a window on an open file of `sizeBytes` bytes. Skipped bytes are never read. */
export function createFileWindow(descriptor: number, sizeBytes: number): FileWindow {
  const window = Buffer.allocUnsafe(windowBytes);
  let start = 0;
  let end = 0;

  const fill = (offset: number) => {
    start = offset;
    end = offset + readSync(descriptor, window, 0, Math.min(windowBytes, sizeBytes - offset), offset);
    if (end <= start) throw new RangeError("the file became shorter");
  };
  return {
    byteAt: (offset) => {
      if (offset >= sizeBytes) throw new RangeError("read past the end");
      if (offset < start || offset >= end) fill(offset);
      return window[offset - start] as number;
    },
    slice: (offset, length) => {
      if (offset + length > sizeBytes) throw new RangeError("read past the end");
      const bytes = Buffer.alloc(length);
      const count = readSync(descriptor, bytes, 0, length, offset);
      if (count < length) throw new RangeError("the file became shorter");
      return bytes;
    },
  };
}
