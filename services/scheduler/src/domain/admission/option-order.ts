import type { RunOption, SlotRequest } from "./slot-request.ts";

/**
 * Returns the indices of a request's options in the order in which they are tried. The order is the request's own. While other work waits
 * that could run beside it, of options with the same tile and batch those with fewer compute tokens come first: several runs of one thread side by
 * side take less processor time than runs of all threads one after another, and all threads help only work that is alone (docs/adr/0084).
 */
export function optionOrder({ options }: SlotRequest, isCrowded: boolean): number[] {
  const indices = [...options.keys()];
  if (!isCrowded) return indices;
  const optionAt = (index: number) => options[index] as RunOption;
  const groupOf = ({ tilePx, batch }: RunOption) =>
    options.findIndex((option) => option.tilePx === tilePx && option.batch === batch);
  return indices.sort((a, b) => {
    const [one, two] = [optionAt(a), optionAt(b)];
    return groupOf(one) - groupOf(two) || one.computeTokens - two.computeTokens || a - b;
  });
}
