import type { Pace } from "@pixelmesh/lifecycle";
import { distancesPerPixel, drawCenters, type WeightedColors } from "./cluster-start.ts";
import type { Oklab } from "./oklab.ts";

// Afterwards centres of photographs move by less than a step of a byte.
const maxMoves = 48;

// A few centres may end in a poor place, so several starts are compared. Many centres end equally well from any start: of two photographs, 256 were
// worse by 2 % at most, 16 by 4 %.
const maxStarts = 8;
const startCenterLimit = 128;
const startMoves = 3;

const blockPoints = 256;

/**
 * Returns `count` centres of weighted colours by k-means (S. Lloyd, "Least squares quantization in PCM", 1982), or fewer where there are fewer colours:
 * each centre is the mean of the colours that are nearest to it, unless 48 moves did not suffice. A centre without colours stays where it is. The
 * same colours always have the same centres.
 */
export async function clusterColors(colors: WeightedColors, count: number, pace: Pace): Promise<readonly Oklab[]> {
  const centers = await startCenters(colors, count, pace);
  await move(colors, centers, maxMoves, pace);
  return toLabs(centers);
}

/** Returns the centres to begin with, three values for each: of up to eight draws, the one with the least error after three moves. */
export async function startCenters(colors: WeightedColors, count: number, pace: Pace): Promise<Float64Array> {
  const starts = Math.max(1, Math.min(maxStarts, Math.floor(startCenterLimit / count)));
  let best: Float64Array = new Float64Array(0);
  let least = Number.POSITIVE_INFINITY;
  for (let start = 0; start < starts; start++) {
    const centers = await drawCenters(colors, { count, seed: start, pace });
    const error = await move(colors, centers, startMoves, pace);
    if (error < least) [best, least] = [centers, error];
  }
  return best;
}

/** Moves the centres until none has other colours than before, at most so many times. Returns the weighted error before the last move. */
async function move(colors: WeightedColors, centers: Float64Array, moves: number, pace: Pace): Promise<number> {
  const nearest = new Int32Array(colors.weights.length).fill(-1);
  let error = 0;
  for (let done = 0; done < moves; done++) {
    const found = await assign(colors, centers, nearest, pace);
    error = found.error;
    if (!found.hasChanged) break;
    moveToMeans(colors, centers, nearest);
  }
  return error;
}

/** Finds the nearest centre of each colour. Resolves to whether one has changed, and to the weighted sum of the squares of the distances. */
async function assign(
  { places, weights }: WeightedColors,
  centers: Float64Array,
  nearest: Int32Array,
  pace: Pace,
): Promise<{ hasChanged: boolean; error: number }> {
  let hasChanged = false;
  let error = 0;
  for (let first = 0; first < nearest.length; first += blockPoints) {
    const end = Math.min(nearest.length, first + blockPoints);
    for (let i = first; i < end; i++) {
      const [lightness, a, b] = [places[3 * i], places[3 * i + 1], places[3 * i + 2]] as [number, number, number];
      let [best, least] = [0, Number.POSITIVE_INFINITY];
      for (let c = 0; c < centers.length; c += 3) {
        const down = (centers[c] as number) - lightness;
        const across = (centers[c + 1] as number) - a;
        const along = (centers[c + 2] as number) - b;
        const square = down * down + across * across + along * along;
        if (square < least) {
          best = c;
          least = square;
        }
      }
      if (best / 3 !== nearest[i]) hasChanged = true;
      nearest[i] = best / 3;
      error += least * (weights[i] as number);
    }
    await pace(((end - first) * centers.length) / (3 * distancesPerPixel));
  }
  return { hasChanged, error };
}

function moveToMeans({ places, weights }: WeightedColors, centers: Float64Array, nearest: Int32Array): void {
  const sums = new Float64Array((centers.length / 3) * 4);
  for (let i = 0; i < nearest.length; i++) {
    const at = (nearest[i] as number) * 4;
    const weight = weights[i] as number;
    for (let c = 0; c < 3; c++) sums[at + c] = (sums[at + c] as number) + weight * (places[3 * i + c] as number);
    sums[at + 3] = (sums[at + 3] as number) + weight;
  }
  for (let center = 0; center < centers.length / 3; center++) {
    const weight = sums[center * 4 + 3] as number;
    if (weight === 0) continue;
    for (let c = 0; c < 3; c++) centers[3 * center + c] = (sums[center * 4 + c] as number) / weight;
  }
}

function toLabs(centers: Float64Array): readonly Oklab[] {
  const valueAt = (at: number) => centers[at] as number;
  return Array.from({ length: centers.length / 3 }, (_, i) => [valueAt(3 * i), valueAt(3 * i + 1), valueAt(3 * i + 2)]);
}
