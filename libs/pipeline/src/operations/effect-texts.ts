import type { Effect, Value } from "@pixelmesh/proto";
import { canonicalJson } from "../values/canonical-json.ts";

/**
 * Returns a text for each resolved effect of a step: equal texts change equal pictures into equal ones. A parameter that takes a further picture counts
 * by that picture, not by its place among the inputs. `inputs` names the pictures of the step, the one that is changed first.
 */
export function effectTexts(effects: readonly Effect[], inputs: readonly unknown[]): readonly string[] {
  const named = ({ kind }: Value) => (kind?.$case === "input" && kind.value > 0 ? { input: inputs[kind.value] } : kind);
  return effects.map(({ name, parameters }) => {
    const values = Object.entries(parameters).map(([key, value]) => [key, named(value)]);
    return canonicalJson([name, Object.fromEntries(values)]);
  });
}
