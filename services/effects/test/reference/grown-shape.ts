/** A plane of values from 0 to 1, and the value beyond it. */
export type Plane = {
  readonly widthPx: number;
  readonly heightPx: number;
  readonly values: readonly number[];
  readonly outside: number;
};

/** Returns a value of a plane, or the one beyond it. */
export function valueAt({ widthPx, heightPx, values, outside }: Plane, x: number, y: number): number {
  return x < 0 || y < 0 || x >= widthPx || y >= heightPx ? outside : (values[y * widthPx + x] as number);
}

/** Returns a plane of the values that `value` gives for each pixel. */
export function toPlane(
  { widthPx, heightPx }: { readonly widthPx: number; readonly heightPx: number },
  outside: number,
  value: (x: number, y: number) => number,
): Plane {
  const values = Array.from({ length: widthPx * heightPx }, (_, i) => value(i % widthPx, Math.floor(i / widthPx)));
  return { widthPx, heightPx, values, outside };
}

/**
 * Returns a plane grown by a disc: over all offsets, the largest value that is raised by the radius and lowered by the distance, up to 1. Values between
 * 1/8 and 3/8 reach less than 1, and lower ones do not grow.
 */
export function growPlane(plane: Plane, radiusPx: number): Plane {
  const reach = Math.ceil(radiusPx) + 1;
  const offsets: { readonly right: number; readonly down: number; readonly distance: number }[] = [];
  for (let down = -reach; down <= reach; down++)
    for (let right = -reach; right <= reach; right++)
      offsets.push({ right, down, distance: Math.sqrt(right * right + down * down) });
  return toPlane(plane, plane.outside, (x, y) => {
    let most = valueAt(plane, x, y);
    for (const { right, down, distance } of offsets) {
      const value = valueAt(plane, x + right, y + down);
      const limit = value <= 1 / 8 ? 0 : Math.min(1, (value - 1 / 8) / (1 / 4));
      most = Math.max(most, Math.min(limit, value + radiusPx - distance));
    }
    return most;
  });
}
