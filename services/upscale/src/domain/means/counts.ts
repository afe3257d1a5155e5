import type { Interpolation } from "./interpolation.ts";
import { lowPassReach } from "./low-pass.ts";
import { mirror } from "./mirror.ts";

/**
 * Returns the number of pixels that count for each cell along one side of the grid, low-passed, `repeat` times each. It differs only
 * at the borders.
 */
export function countPixels({ from, to, share }: Interpolation, cells: number, repeat: number): Float32Array {
  const sums = new Float64Array(cells);
  for (let at = 0; at < from.length; at++) {
    const [left, right, part] = [from[at] as number, to[at] as number, share[at] as number];
    sums[left] = (sums[left] as number) + 1 - part;
    sums[right] = (sums[right] as number) + part;
  }
  const counts = new Float32Array(cells * repeat);
  for (let cell = 0; cell < cells; cell++) {
    let count = 0;
    for (let i = -lowPassReach; i <= lowPassReach; i++) {
      count += ((lowPassReach + 1 - Math.abs(i)) / 25) * (sums[mirror(cell + i, cells)] as number);
    }
    counts.fill(count, cell * repeat, (cell + 1) * repeat);
  }
  return counts;
}
