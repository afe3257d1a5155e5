import { hash32 } from "../draw/noise.ts";
import type { ThresholdMap } from "./thresholds.ts";

const sizePx = 32;
const area = sizePx * sizePx;
// The deviation that Ulichney found best, and the reach of its Gaussian: beyond 7 px it is below 2e-5.
const sigmaPx = 1.5;
const reachPx = 7;

const side = 2 * reachPx + 1;
const weights = Float64Array.from({ length: side * side }, (_, i) => {
  const [dx, dy] = [(i % side) - reachPx, Math.floor(i / side) - reachPx];
  return Math.exp(-(dx * dx + dy * dy) / (2 * sigmaPx * sigmaPx));
});

let made: ThresholdMap | undefined;

/**
 * Returns a 32×32 blue-noise map by void-and-cluster: R. Ulichney, "The void-and-cluster method for dither array generation"
 * (1993). Always the same map, computed on first use (some ten milliseconds, so it is no larger) and kept.
 */
export function blueNoiseMap(): ThresholdMap {
  made ??= { sizePx, thresholds: createRanks().map((rank) => (rank + 0.5) / area) };
  return made;
}

function createRanks(): Float32Array {
  const ranks = new Float32Array(area);
  const initial = createInitialPattern();
  const ones = initial.ones();

  const shrinking = initial.copy();
  for (let rank = ones - 1; rank >= 0; rank--) {
    const cluster = shrinking.tightestCluster();
    shrinking.set(cluster, false);
    ranks[cluster] = rank;
  }
  // Ulichney's third phase looks for the tightest cluster of zeros. On a torus with one filter that is the largest void of
  // ones.
  const growing = initial.copy();
  for (let rank = ones; rank < area; rank++) {
    const hole = growing.largestVoid();
    growing.set(hole, true);
    ranks[hole] = rank;
  }
  return ranks;
}

function createInitialPattern(): Pattern {
  const pattern = createPattern(new Uint8Array(area), new Float64Array(area));
  // A tenth of the points, at any positions: the moves below even them out.
  for (let i = 0, placed = 0; placed < area / 10; i++) {
    const at = hash32(i) % area;
    if (pattern.has(at)) continue;
    pattern.set(at, true);
    placed += 1;
  }
  for (;;) {
    const cluster = pattern.tightestCluster();
    pattern.set(cluster, false);
    const hole = pattern.largestVoid();
    pattern.set(hole, true);
    if (hole === cluster) return pattern;
  }
}

/** Points on a torus, and how crowded each position is. */
type Pattern = {
  has: (at: number) => boolean;
  set: (at: number, on: boolean) => void;
  ones: () => number;
  tightestCluster: () => number;
  largestVoid: () => number;
  copy: () => Pattern;
};

function createPattern(points: Uint8Array, crowding: Float64Array): Pattern {
  const extreme = (of: 0 | 1, sign: 1 | -1) => {
    let best = -1;
    let most = Number.NEGATIVE_INFINITY;
    for (let at = 0; at < area; at++) {
      if (points[at] !== of || sign * (crowding[at] as number) <= most) continue;
      best = at;
      most = sign * (crowding[at] as number);
    }
    return best;
  };
  return {
    has: (at) => points[at] === 1,
    set(at, on) {
      points[at] = on ? 1 : 0;
      const [x, y] = [at % sizePx, Math.floor(at / sizePx)];
      for (let dy = 0; dy < side; dy++) {
        const row = ((y + dy - reachPx + sizePx) % sizePx) * sizePx;
        for (let dx = 0; dx < side; dx++) {
          const weight = weights[dy * side + dx] as number;
          const to = row + ((x + dx - reachPx + sizePx) % sizePx);
          crowding[to] = (crowding[to] as number) + (on ? weight : -weight);
        }
      }
    },
    ones: () => points.reduce((sum, point) => sum + point, 0),
    tightestCluster: () => extreme(1, 1),
    largestVoid: () => extreme(0, -1),
    copy: () => createPattern(points.slice(), crowding.slice()),
  };
}
