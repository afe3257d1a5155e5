import type { Comparison } from "./comparisons/comparison.ts";
import { details } from "./comparisons/detail.ts";
import { glitches } from "./comparisons/glitch.ts";
import { prints } from "./comparisons/print.ts";
import { tones } from "./comparisons/tone.ts";

/** What every effect is compared with, by groups. */
export const comparisons: readonly Comparison[] = [...tones, ...prints, ...details, ...glitches];
