import { firstAddress } from "./kernel-memory.ts";

/** Lays out parts of a memory one after another. */
export type Layout = {
  /** Returns the address of the next part, a multiple of 64. */
  add(bytes: number): number;
  /** Returns the bytes that the memory must have. */
  end(): number;
};

/** Starts a layout behind the compiler's page. */
export function createLayout(): Layout {
  let next = firstAddress;
  return {
    add(bytes) {
      const at = next;
      next = Math.ceil((next + bytes) / 64) * 64;
      return at;
    },
    end: () => next,
  };
}
