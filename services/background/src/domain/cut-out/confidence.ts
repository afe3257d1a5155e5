import type { Pace } from "@pixelmesh/lifecycle";
import { labelParts } from "../planes/label-parts.ts";
import type { Plane } from "../planes/plane.ts";

/** A value from here on belongs to the object. */
const objectFrom = 0.5;

/**
 * Returns how sure a matte of probabilities is, from 0 to 1: the fuzzy Jaccard index between its values and the hard mask that they make (sum of minima over sum of maxima), times the
 * share of the mask that its largest part has. A matte of half-certain values or of scattered parts is unsure. It is 0 where no value reaches one
 * half.
 *
 * As a sign of an IoU below 0.7 it has an area under the ROC curve of 0.80 over two models, photographs and composites: `make eval-confidence`.
 */
export async function matteConfidence({ data, ...size }: Plane, pace: Pace): Promise<number> {
  let [least, most] = [0, 0];
  for (let at = 0; at < data.length; at++) {
    const value = Math.min(1, Math.max(0, data[at] as number));
    const isObject = value >= objectFrom;
    least += isObject ? value : 0;
    most += isObject ? 1 : value;
  }
  if (least === 0) return 0;
  const parts = await labelParts(size, (at) => (data[at] as number) >= objectFrom, false, pace);
  return (least / most) * largestShare(parts);
}

/** Returns the share of the largest part in all pixels of parts. */
function largestShare(parts: Int32Array): number {
  // By index: an iterator and a Map take ten times as long.
  const counts = new Uint32Array(parts.length);
  let [all, largest] = [0, 0];
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] as number;
    if (part < 0) continue;
    const count = (counts[part] as number) + 1;
    counts[part] = count;
    all += 1;
    if (count > largest) largest = count;
  }
  return largest / all;
}
