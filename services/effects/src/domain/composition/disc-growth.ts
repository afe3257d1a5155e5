import { compositionKernels } from "../../kernels/composition-kernels.ts";
import type { KernelSpace } from "../../kernels/kernel-space.ts";
import { createRowWindow } from "../detail/float-rows.ts";
import type { Row } from "../rows/rows.ts";

/**
 * Grows a plane of alpha by a disc: the largest of a value itself and, of those around, min(1, value + radius - distance, 4 value - 1/2). A pixel's
 * value counts as the share of it that the object covers, so an edge along a row or a column moves by exactly the radius, after S. Gustavson and R. Strand,
 * "Anti-aliased Euclidean distance transform" (2011). Below 3/8 it counts less, and a haze up to 1/8 does not grow.
 */
export type DiscGrowth = {
  /** Rows and columns that it reaches to each side. */
  readonly reachPx: number;
  /**
   * Takes the next row of a plane, from `reachPx` values before its first one to as many after its last one. Returns the grown row that lies `reachPx`
   * rows above it, which is valid until the next call.
   */
  push(row: Row): Row;
};

// Columns that the kernel works on together, and what it writes past them.
const blockColumns = 128;
const slackColumns = 16;

/**
 * Creates a growth by a disc of `radiusPx`, at least 0, for rows of `widthPx` grown values. Rows above the first one have `outside` everywhere. Rows are
 * held for twice the radius.
 */
export function createDiscGrowth(space: KernelSpace, widthPx: number, radiusPx: number, outside: 0 | 1): DiscGrowth {
  const { growRow } = space.use(compositionKernels);
  const reachPx = discReach(radiusPx);
  const disc = space.constant(toTerms(radiusPx));
  const pairs = space.allocate((reachPx + 1) * 8);
  const scratch = space.allocate((reachPx + 1) * (blockColumns + 2 * reachPx + slackColumns) * 4);
  const window = createRowWindow(space, widthPx, 2 * reachPx + 1);
  let newest = -reachPx - 1;
  const openRow = () => {
    newest += 1;
    // What the nearest row above the first one gives.
    const value = outside * Math.min(1, Math.max(0, 1 + radiusPx - Math.max(0, newest + 1)));
    const bytes = space.bytes(window.next(), widthPx * 4);
    new Float32Array(bytes.buffer, bytes.byteOffset, widthPx).fill(value);
  };
  for (let i = 0; i < 2 * reachPx; i++) openRow();
  return {
    reachPx,
    push(row) {
      openRow();
      const bytes = space.bytes(pairs, (reachPx + 1) * 8);
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
      for (let down = 0; down <= reachPx; down++) {
        view.setUint32(down * 8, window.row(reachPx + down), true);
        view.setUint32(down * 8 + 4, window.row(reachPx - down), true);
      }
      growRow(row, widthPx, reachPx, disc, pairs, scratch);
      return window.row(2 * reachPx);
    },
  };
}

/** Returns how many pixels a disc reaches to each side. */
export function discReach(radiusPx: number): number {
  return Math.ceil(radiusPx);
}

// From this distance inside of a disc's edge on, it does not matter for any value: 3/8 + 5/8 is 1.
const fullDistance = 5 / 8;

/** Returns the disc for the kernel: for each distance in rows a count, and pairs of a distance in columns and radius - distance (float), above -1. */
function toTerms(radiusPx: number): Int32Array {
  const reach = discReach(radiusPx);
  const words: number[] = [];
  for (let down = 0; down <= reach; down++) {
    const terms: number[] = [];
    // Of the columns whose distance does not matter, only the farthest counts: its term is for all nearer ones.
    const full = radiusPx - fullDistance;
    const first = down <= full ? Math.floor(Math.sqrt(full ** 2 - down ** 2)) : 0;
    for (let across = first; across <= reach; across++) {
      const distance = radiusPx - Math.hypot(across, down);
      if (distance > -1) terms.push(across, bitsOf(distance));
    }
    words.push(terms.length / 2, ...terms);
  }
  return Int32Array.from(words);
}

function bitsOf(value: number): number {
  return new Int32Array(Float32Array.of(value).buffer)[0] as number;
}
