/**
 * The pixel work of a background's replacement with vector instructions. The references are
 * ../test/reference/compose.ts and fill-hole.ts. Functions on addresses, without a state.
 */
export { enlargeRow, hideRow, widenRow } from "./_backdrop";
export { fillHole, packHole } from "./_fill";
export { layOver } from "./_over";
export { mixRows, writePlaces } from "./_places";
