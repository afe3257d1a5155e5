import type { SlotOption } from "@pixelmesh/proto";

/** With what a step is tried, as one of its options by index. */
export type Try = { readonly options: readonly SlotOption[]; readonly alone: boolean; readonly smaller: number };

/** Smaller options are tried so often; then the work has to be alone. */
const maxSmaller = 2;

/** The first try: any of the options, largest first. */
export function firstTry(options: readonly SlotOption[]): Try {
  return { options, alone: false, smaller: 0 };
}

/**
 * What to ask for after work ran out of memory with the option at `index` of the last try: what is smaller, twice at most; then
 * the smallest option with nothing beside it; then nothing.
 */
export function nextTry(last: Try, index: number): Try | undefined {
  if (last.alone) return undefined;
  const smaller = last.options.slice(index + 1);
  if (smaller.length > 0 && last.smaller < maxSmaller) {
    return { options: smaller, alone: false, smaller: last.smaller + 1 };
  }
  return { options: last.options.slice(-1), alone: true, smaller: last.smaller };
}
