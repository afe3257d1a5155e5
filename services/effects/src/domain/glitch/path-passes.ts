/**
 * A tap of a blur along rays or arcs: the picture scaled and turned about a centre. At x, y from the centre it reads at cos x - sin y, sin x + cos y, where
 * `cos` and `sin` are already times the scale.
 */
export type PathTap = { readonly cos: number; readonly sin: number; readonly weight: number };

/** Taps whose weights add up to 1. */
export type PathPass = readonly PathTap[];

/**
 * A blur as passes over the whole picture, one after another: a sum of m n equal steps is a sum of n steps of sums of m steps. Large steps come first, so that
 * later passes reach little beyond the edges. No passes: each path lies within a pixel, and nothing changes.
 */
export type PathPasses = readonly PathPass[];

/** Most steps that one pass and two passes take. Passes cost time and some sharpness across the paths; so do more taps cost time. */
const mostStepsOnce = 12;
const mostStepsTwice = 144;

/**
 * Returns the passes of the mean along a part of the ray through each pixel: from 1 - share / 2 to 1 + share / 2 of its distance from the centre. `share` is
 * from 0 to 1. `reachPx` is the largest distance of a pixel, across or down.
 */
export function zoomPasses(share: number, reachPx: number): PathPasses {
  const [from, to] = [1 - share / 2, 1 + share / 2];
  // Steps of one factor. The step at a scale is as long as the scale, so that is its weight; it is the product of the weights of the passes.
  const range = Math.log(to / from);
  return passesOf(range * reachPx, (offset, isFirst) => {
    const scale = Math.exp(offset * range);
    return { cos: isFirst ? scale * Math.sqrt(from * to) : scale, sin: 0, weight: scale };
  });
}

/** Returns the passes of the mean along an arc of an angle about the centre, half of it to each side. `reachPx` as above. */
export function spinPasses(angleDegrees: number, reachPx: number): PathPasses {
  const angle = (angleDegrees * Math.PI) / 180;
  return passesOf(angle * reachPx, (offset) => {
    const turn = offset * angle;
    return { cos: Math.cos(turn), sin: Math.sin(turn), weight: 1 };
  });
}

/**
 * Divides a path into steps of at most a pixel across and down where it is longest, `lengthPx`: interpolated between pixels, these leave no gaps. `tapAt` gets the place of a tap within its pass in lengths of the whole path, 0
 * for the middle.
 */
function passesOf(lengthPx: number, tapAt: (offset: number, isFirst: boolean) => PathTap): PathPasses {
  const steps = Math.ceil(lengthPx);
  if (steps <= 1) return [];
  const passes = steps <= mostStepsOnce ? 1 : steps <= mostStepsTwice ? 2 : 3;
  // Rounding must not add a tap where the root is whole.
  const count = Math.ceil(steps ** (1 / passes) - 1e-9);
  return Array.from({ length: passes }, (_, pass) => {
    const taps = Array.from({ length: count }, (_, k) =>
      tapAt((k - (count - 1) / 2) / count ** (pass + 1), pass === 0),
    );
    const total = taps.reduce((sum, { weight }) => sum + weight, 0);
    return taps.map((tap) => ({ ...tap, weight: tap.weight / total }));
  });
}
