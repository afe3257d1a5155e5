import type { Pace } from "@pixelmesh/lifecycle";
import { hash32 } from "../draw/noise.ts";

/** Colours in OKLab with their weights. */
export type WeightedColors = {
  /** Three values for each colour. */
  readonly places: Float64Array;
  /** Above 0. */
  readonly weights: Float64Array;
};

/** Some 16 distances take as long as other work on a pixel. */
export const distancesPerPixel = 16;

// Each draw of each start has another hash.
const seedBits = 0x51ed270b;
const drawsPerStart = 65_536;

/**
 * Draws centres for k-means, three values for each: greedy k-means++ (D. Arthur, S. Vassilvitskii, "k-means++: The advantages of careful seeding", 2007,
 * section 5). Each next centre is the best of 2 + ln(count) colours, drawn with probabilities by weight times the square of the distance to the
 * nearest centre. There are fewer than `count` where there are fewer colours.
 */
export async function drawCenters(
  colors: WeightedColors,
  { count, seed, pace }: { readonly count: number; readonly seed: number; readonly pace: Pace },
): Promise<Float64Array> {
  const { places, weights } = colors;
  const points = weights.length;
  const wanted = Math.min(count, points);
  const centers = new Float64Array(3 * wanted);
  const tries = 2 + Math.floor(Math.log(count));
  let squares = new Float64Array(points).fill(1);
  let [found, best] = [new Float64Array(points), new Float64Array(points)];
  let draws = seedBits + seed * drawsPerStart;
  for (let center = 0; center < wanted; center++) {
    let [bestPoint, least] = [0, Number.POSITIVE_INFINITY];
    const total = sumOf(squares, weights);
    for (let trial = 0; trial < (center === 0 ? 1 : tries); trial++) {
      const point = pick(squares, weights, (hash32(draws++) / 2 ** 32) * total);
      const error = measure(colors, point, center === 0 ? undefined : squares, found);
      if (error < least) {
        [bestPoint, least] = [point, error];
        [found, best] = [best, found];
      }
      await pace((2 * points) / distancesPerPixel);
    }
    [squares, best] = [best, squares];
    centers.set(places.subarray(3 * bestPoint, 3 * bestPoint + 3), 3 * center);
  }
  return centers;
}

function sumOf(squares: Float64Array, weights: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < weights.length; i++) sum += (squares[i] as number) * (weights[i] as number);
  return sum;
}

/** Returns the colour at which the sum of weighted squares exceeds a share of it. Never one whose square is 0, unless all are. */
function pick(squares: Float64Array, weights: Float64Array, share: number): number {
  let [sum, last] = [0, 0];
  for (let i = 0; i < weights.length; i++) {
    const part = (squares[i] as number) * (weights[i] as number);
    if (part === 0) continue;
    sum += part;
    last = i;
    if (sum > share) break;
  }
  return last;
}

/** Writes the squares of the distances to the nearest centre, with a colour as a further one. Returns their weighted sum. */
function measure(
  { places, weights }: WeightedColors,
  point: number,
  squares: Float64Array | undefined,
  to: Float64Array,
): number {
  const [lightness, a, b] = [places[3 * point], places[3 * point + 1], places[3 * point + 2]] as [
    number,
    number,
    number,
  ];
  let sum = 0;
  for (let i = 0, at = 0; i < weights.length; i++, at += 3) {
    const down = (places[at] as number) - lightness;
    const across = (places[at + 1] as number) - a;
    const along = (places[at + 2] as number) - b;
    const square = down * down + across * across + along * along;
    const least = squares === undefined ? square : Math.min(square, squares[i] as number);
    to[i] = least;
    sum += least * (weights[i] as number);
  }
  return sum;
}
