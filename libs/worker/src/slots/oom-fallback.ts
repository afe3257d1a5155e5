import type { StepOption } from "../step-handler.ts";

/** One try of a step: the options that are requested, largest first, and whether the device must be empty otherwise. */
export type OptionTry = {
  readonly options: readonly StepOption[];
  readonly alone: boolean;
  /** Number of tries with smaller options so far. */
  readonly smaller: number;
};

/** Most tries with smaller options; the next one requests the device alone. */
const maxSmaller = 2;

/** The first try: all options. */
export function firstTry(options: readonly StepOption[]): OptionTry {
  return { options, alone: false, smaller: 0 };
}

/**
 * Returns the next try after the option at `index` of the last try ran out of memory: smaller options, at most twice; then the
 * smallest option alone on the device, in the host of all threads; then undefined.
 */
export function nextTry(last: OptionTry, index: number): OptionTry | undefined {
  if (last.alone) return undefined;
  const tooSmallBytes = last.options[index]?.peakBytes ?? 0;
  const smaller = last.options.slice(index + 1).filter(({ peakBytes }) => peakBytes < tooSmallBytes);
  if (smaller.length > 0 && last.smaller < maxSmaller) {
    return { options: smaller, alone: false, smaller: last.smaller + 1 };
  }
  // A narrow host is for work side by side.
  const smallest = last.options.findLast(({ hostId }) => !hostId) ?? last.options.at(-1);
  return { options: smallest ? [smallest] : [], alone: true, smaller: last.smaller };
}
