import type { Pace } from "@pixelmesh/lifecycle";
import { labelParts } from "../planes/label-parts.ts";
import { createPlane, type Plane } from "../planes/plane.ts";

/** What is cleaned in a matte. */
export type MatteCleaning = {
  /** Background that the object encloses becomes object. */
  readonly fillHoles: boolean;
  /** Parts of the object below this share of the matte's area are removed; 0: none. */
  readonly minIsland: number;
};

/** A value from here on belongs to the object, when holes are sought. */
const objectFrom = 0.5;
/** A value from here on belongs to a part of the object, with its soft rim, when islands are sought. */
const rimFrom = 0.1;

/**
 * Removes small parts of the object from a matte, and fills holes in the rest. A part is a set of pixels that touch at sides or corners; a hole is a set of
 * background pixels that touch at sides and do not reach the border. The area of a part is the sum of its values.
 */
export async function cleanMatte(matte: Plane, { fillHoles, minIsland }: MatteCleaning, pace: Pace): Promise<Plane> {
  const data = matte.data.slice();
  const cleaned = createPlane(matte, data);
  if (minIsland > 0) await removeIslands(cleaned, minIsland * data.length, pace);
  if (fillHoles) await fillEnclosed(cleaned, pace);
  return cleaned;
}

async function removeIslands({ widthPx, heightPx, data }: Plane, leastArea: number, pace: Pace): Promise<void> {
  const parts = await labelParts({ widthPx, heightPx }, (at) => (data[at] as number) >= rimFrom, true, pace);
  const areas = new Map<number, number>();
  for (let at = 0; at < data.length; at++) {
    const part = parts[at] as number;
    if (part >= 0) areas.set(part, (areas.get(part) ?? 0) + (data[at] as number));
  }
  for (let at = 0; at < data.length; at++) {
    const part = parts[at] as number;
    // Values below the rim's belong to no part. Where all parts go, so do they.
    if (part >= 0 && (areas.get(part) as number) < leastArea) data[at] = 0;
  }
}

async function fillEnclosed({ widthPx, heightPx, data }: Plane, pace: Pace): Promise<void> {
  const holes = await labelParts({ widthPx, heightPx }, (at) => (data[at] as number) < objectFrom, false, pace);
  const open = new Set<number>();
  for (let x = 0; x < widthPx; x++) {
    open.add(holes[x] as number);
    open.add(holes[(heightPx - 1) * widthPx + x] as number);
  }
  for (let y = 0; y < heightPx; y++) {
    open.add(holes[y * widthPx] as number);
    open.add(holes[(y + 1) * widthPx - 1] as number);
  }
  const queue: number[] = [];
  for (let at = 0; at < data.length; at++) {
    const hole = holes[at] as number;
    if (hole >= 0 && !open.has(hole)) queue.push(at);
  }
  await raiseUphill({ widthPx, heightPx, data }, queue, pace);
}

/** Sets the pixels of the queue to 1, and those that can be reached from them by ever larger values: the soft rims of holes, up to their tops. */
async function raiseUphill({ widthPx, heightPx, data }: Plane, queue: number[], pace: Pace): Promise<void> {
  const before = data.slice();
  for (const at of queue) data[at] = 1;
  for (let next = 0; next < queue.length; next++) {
    const at = queue[next] as number;
    const x = at % widthPx;
    for (const near of [x > 0 ? at - 1 : -1, x < widthPx - 1 ? at + 1 : -1, at - widthPx, at + widthPx]) {
      if (near < 0 || near >= widthPx * heightPx || (data[near] as number) >= 1) continue;
      if ((before[near] as number) <= (before[at] as number)) continue;
      data[near] = 1;
      queue.push(near);
    }
    if (next % widthPx === 0) await pace(widthPx);
  }
}
