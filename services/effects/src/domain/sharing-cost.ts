/**
 * Processor time of each effect at its defaults inside a chain, in ms a megapixel. Measured by `make bench CASE=effect-sharing` on a 4K picture; only the
 * ratios to each other and to `fileCosts` matter.
 */
export const effectCosts: Readonly<Record<string, number>> = {
  black_and_white: 2.7,
  pop_art: 15,
  retro_8bit: 5.8,
  dither: 6.2,
  halftone: 8.4,
  color: 0.5,
  curves: 3.2,
  duotone: 12,
  invert: 1.4,
  posterize: 1.6,
  sepia: 1.4,
  vignette: 9.5,
  threshold: 8,
  noise: 2.9,
  rgb_split: 3.3,
  shake: 2.7,
  motion: 15,
  pixel_sort: 9.6,
  jpeg_glitch: 16,
  blur: 15,
  sharpen: 19,
  clarity: 23,
  denoise: 44,
  edge_sketch: 21,
  crop: 0.1,
  padding: 0.2,
  shadow: 10,
  outline: 6.9,
  watermark: 4.7,
};

/** Processor time for a file of floats between two parts of a chain, from the same bench. */
export const fileCosts = {
  /** To write and remove it, in ms a megapixel. */
  write: 4,
  /** To read it instead of the picture, in ms a megapixel, for each step. */
  read: 2,
  /** To open it, and for messages to threads, in ms for each step. An estimate. */
  open: 2,
} as const;

/** The saved processor time must be so many times that of the file. */
const leastGain = 2;

/** The steps may end later by a quarter of the time that the beginning takes in them. */
const mostDelay = 1.25;

/** A beginning that steps may share. */
export type Beginning = {
  /** The names of its effects, from the last part that is shared already. */
  readonly names: readonly string[];
  /** Size of the picture that they change. */
  readonly megapixels: number;
  /** Steps in hand that have it. */
  readonly steps: number;
  /** Chains that are computed at once. */
  readonly lanes: number;
};

/**
 * Whether a beginning is better computed once for all its steps than by each of them. Shared, it costs a file of floats, and all steps wait for the one
 * that writes it, which would not wait for each other on other cores. So two things must hold: the file costs at most half of the processor time that is
 * saved, and the steps end at most a quarter of the beginning's time later.
 */
export function isWorthSharing({ names, megapixels, steps, lanes }: Beginning): boolean {
  const once = names.reduce((sum, name) => sum + (effectCosts[name] ?? 0), 0) * megapixels;
  const write = fileCosts.write * megapixels;
  const reads = steps * (fileCosts.read * megapixels + fileCosts.open);
  const atOnce = Math.min(steps, lanes);
  const gains = (steps - 1) * once >= leastGain * (write + reads);
  return gains && once + write + reads / atOnce <= (mostDelay * steps * once) / atOnce;
}
