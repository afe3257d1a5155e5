import type { PlannedStep } from "@pixelmesh/proto";
import { effectTexts } from "../operations/effect-texts.ts";
import { canonicalJson } from "../values/canonical-json.ts";

/** The chain of a step: the picture that it changes and each of its effects, as text. */
type Chain = { readonly picture: string; readonly effects: readonly string[] };

/**
 * Fills in `shared_effects`: for each chain of effects, the numbers of first effects after which its way parts from that of another step on
 * the same picture, rising. Two equal chains part after their last effect. The effects must be resolved, with all of their settings.
 */
export function withSharedEffects(steps: readonly PlannedStep[]): PlannedStep[] {
  const chains = steps.map(chainOf);
  return steps.map((planned, index) => {
    const chain = chains[index];
    if (chain === undefined) return planned;
    const others = chains.filter((other, at) => at !== index && other?.picture === chain.picture);
    const counts = others.map((other) => commonBeginning(chain.effects, other?.effects ?? []));
    const rising = [...new Set(counts)].filter((count) => count > 0).sort((a, b) => a - b);
    return rising.length > 0 ? { ...planned, sharedEffects: { counts: rising } } : planned;
  });
}

function chainOf({ step }: PlannedStep): Chain | undefined {
  if (step?.operation?.$case !== "applyEffects") return undefined;
  return { picture: canonicalJson(step.inputs[0]), effects: effectTexts(step.operation.value.effects, step.inputs) };
}

/** Returns the number of equal first elements. */
function commonBeginning(one: readonly string[], other: readonly string[]): number {
  const parted = one.findIndex((value, at) => value !== other[at]);
  return parted < 0 ? one.length : parted;
}
