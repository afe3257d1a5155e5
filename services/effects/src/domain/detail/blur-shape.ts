/** The weights of a blur. All of them have a sum of 1, and no blur is at 0 px: weights change with the radius without a jump. */
export type BlurShape =
  /** Weights of a pixel and of those at 1, 2, … px from it, across and down. */
  | { readonly kind: "taps"; readonly weights: readonly number[] }
  /** `passes` times the mean of 2 whole + 1 pixels and, with the weight `share`, of one more on either side; across and down. */
  | { readonly kind: "boxes"; readonly passes: number; readonly whole: number; readonly share: number }
  /** A disc: half the length of its chord, in px, for the rows from -reach to reach. */
  | { readonly kind: "disc"; readonly reach: number; readonly halves: readonly number[] };

/** The largest standard deviation, in px, for which `gaussian` has taps. */
export const maxTapSigmaPx = 2;

/**
 * Returns the Gaussian with a standard deviation in px, at least 0. Up to 2 px it has its own samples out to 4 standard deviations. Above, three
 * extended boxes have the same variance: P. Gwosdek, S. Grewenig, A. Bruhn, J. Weickert, "Theoretical foundations of Gaussian convolution by
 * extended box filtering" (2011), formulas 9 to 11. Across an edge from 0 to 1 they differ from the Gaussian by less than 0.011.
 */
export function gaussian(sigmaPx: number): BlurShape {
  if (sigmaPx > maxTapSigmaPx) return extendedBoxes(sigmaPx, 3);
  const reach = Math.ceil(4 * sigmaPx);
  const heights = Array.from({ length: reach + 1 }, (_, x) => (x === 0 ? 1 : Math.exp(-(x * x) / (2 * sigmaPx ** 2))));
  const sum = heights.reduce((total, height, x) => total + (x === 0 ? height : 2 * height), 0);
  return { kind: "taps", weights: heights.map((height) => height / sum) };
}

function extendedBoxes(sigmaPx: number, passes: number): BlurShape {
  const variance = sigmaPx ** 2 / passes;
  const whole = Math.floor((Math.sqrt(12 * variance + 1) - 1) / 2);
  const length = 2 * whole + 1;
  const share = (length * (whole * (whole + 1) - 3 * variance)) / (6 * (variance - (whole + 1) ** 2));
  return { kind: "boxes", passes, whole, share };
}

/** Returns a square of 2 radius + 1 px to a side. A fraction of the radius is the weight of the pixels at its sides. */
export function box(radiusPx: number): BlurShape {
  const whole = Math.floor(radiusPx);
  return { kind: "boxes", passes: 1, whole, share: radiusPx - whole };
}

/** Returns a disc: each row's chord is as long as the disc's area within the row, and a fraction at its ends is the weight of a pixel. */
export function disc(radiusPx: number): BlurShape {
  const reach = Math.max(0, Math.ceil(radiusPx - 0.5));
  // The area between the middle and a line at this distance.
  const areaTo = (y: number) => {
    const at = Math.min(radiusPx, Math.max(-radiusPx, y));
    return at * Math.sqrt(radiusPx ** 2 - at ** 2) + radiusPx ** 2 * Math.asin(radiusPx > 0 ? at / radiusPx : 0);
  };
  const halves = Array.from(
    { length: 2 * reach + 1 },
    (_, i) => (areaTo(i - reach + 0.5) - areaTo(i - reach - 0.5)) / 2,
  );
  return { kind: "disc", reach, halves: radiusPx > 0 ? halves : [0.5] };
}
