import { placeBytes, writePlaces } from "./_places";

/** Start of the memory that this module lays out. The page before it belongs to the compiler. */
const base: usize = 65536;

/** Sizes of the cut-out of this instance, and the addresses of its planes. Rows are top-down. */
export namespace plan {
  /** Working size, and half of it. */
  export let widthPx: i32 = 0;
  export let heightPx: i32 = 0;
  export let halfWidthPx: i32 = 0;
  export let halfHeightPx: i32 = 0;
  export let matteWidthPx: i32 = 0;
  export let matteHeightPx: i32 = 0;
  /** Radius of the windows of the fit. */
  export let radiusPx: i32 = 0;

  /** Red, green, blue (0 to 255) and the coarse alpha (0 to 16,384) of each working pixel, 16-bit integers. */
  export let guide: usize = 0;
  /** Slopes of red, green and blue and the offset of each working pixel, floats. They give alpha from bytes of colour. */
  export let fitted: usize = 0;
  /** Fits of single windows: a ring of the rows that a mean needs. */
  export let ring: usize = 0;
  export let ringRows: i32 = 0;
  /** Sums over the rows of a window for each column, with empty columns on both sides. */
  export let windowColumns: usize = 0;
  export let fitColumns: usize = 0;
  export let layerColumns: usize = 0;
  /** A row of zeros. */
  export let nothing: usize = 0;

  /** The model's matte, floats, in the place of the planes of half the size, which come later. */
  export let matte: usize = 0;
  export let matteRow: usize = 0;
  export let matteAcross: usize = 0;
  export let matteDown: usize = 0;

  /** Planes of half the size, four floats a pixel. `picture`: colours from 0 to 1, and alpha. Then the object's colours. */
  export let picture: usize = 0;
  /** The object's colours after the first round, and alpha. */
  export let object: usize = 0;
  export let farBackground: usize = 0;
  /** The background's colours after the second round. */
  export let background: usize = 0;
  export let halfAcross: usize = 0;
  export let halfDown: usize = 0;

  /** Rows to read or to paint lie from here on. */
  export let end: usize = 0;
}

let next: usize = 0;

/** Returns the address of so many bytes. The next ones start at a multiple of 64. */
export function reserve(bytes: i32): usize {
  const at = next;
  next = (next + <usize>bytes + 63) & ~(<usize>63);
  return at;
}

/** Continues to reserve memory from an address. */
export function reserveFrom(address: usize): void {
  next = address;
}

/**
 * Sets the sizes of a cut-out and lays out its memory. `farPx` is the larger radius of the layers. Returns the end of that
 * memory. `startPlan` follows when the memory is that large.
 */
export function layOut(
  widthPx: i32,
  heightPx: i32,
  matteWidthPx: i32,
  matteHeightPx: i32,
  radiusPx: i32,
  halfWidthPx: i32,
  halfHeightPx: i32,
  farPx: i32,
): usize {
  plan.widthPx = widthPx;
  plan.heightPx = heightPx;
  plan.matteWidthPx = matteWidthPx;
  plan.matteHeightPx = matteHeightPx;
  plan.radiusPx = radiusPx;
  plan.halfWidthPx = halfWidthPx;
  plan.halfHeightPx = halfHeightPx;
  const pixels = widthPx * heightPx;
  const halfPixels = halfWidthPx * halfHeightPx;
  next = base;
  plan.guide = reserve(pixels * 8 + 16);
  plan.fitted = reserve(pixels * 16);
  plan.ringRows = 2 * radiusPx + 2;
  plan.ring = reserve(plan.ringRows * (widthPx + 1) * 16);
  // One column more than the windows reach: fits are computed in pairs.
  plan.windowColumns = reserve((widthPx + 2 * radiusPx + 2) * 64);
  plan.fitColumns = reserve((widthPx + 2 * radiusPx) * 32);
  plan.layerColumns = reserve((halfWidthPx + 2 * farPx) * 32);
  plan.nothing = reserve(widthPx * 16);
  plan.matteRow = reserve((matteWidthPx + 4) * 4);
  plan.matteAcross = reserve(widthPx * <i32>placeBytes);
  plan.matteDown = reserve(heightPx * <i32>placeBytes);
  plan.halfAcross = reserve(halfWidthPx * <i32>placeBytes);
  plan.halfDown = reserve(halfHeightPx * <i32>placeBytes);
  const layers = next;
  plan.matte = reserve(matteWidthPx * matteHeightPx * 4);
  const matteEnd = next;
  next = layers;
  plan.picture = reserve(halfPixels * 16);
  plan.object = reserve(halfPixels * 16);
  plan.farBackground = reserve(halfPixels * 16);
  plan.background = reserve(halfPixels * 16);
  plan.end = max(next, matteEnd);
  return plan.end;
}

/** Returns the address of the model's matte. */
export function matteAddress(): usize {
  return plan.matte;
}

/** Fills the tables of the plan. The memory of an instance may hold an earlier plan. */
export function startPlan(): void {
  memory.fill(plan.nothing, 0, <usize>plan.widthPx * 16);
  writePlaces(plan.matteAcross, plan.widthPx, plan.matteWidthPx, 4);
  writePlaces(plan.matteDown, plan.heightPx, plan.matteHeightPx, plan.matteWidthPx * 4);
  writePlaces(plan.halfAcross, plan.halfWidthPx, plan.widthPx, 1);
  writePlaces(plan.halfDown, plan.halfHeightPx, plan.heightPx, 1);
}
