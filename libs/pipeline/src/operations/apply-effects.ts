import { expected } from "@pixelmesh/errors";
import type { Effect } from "@pixelmesh/proto";
import type { Catalogue } from "./catalogue.ts";
import { canonicalParameters, describedEffect } from "./effect-parameters.ts";
import { inCatalogue } from "./number-ranges.ts";
import { defineOperation } from "./operation.ts";

const maxEffects = 16;

/** Applies a chain of effects. */
export const applyEffects = defineOperation({
  case: "applyEffects",
  name: "apply_effects",
  role: "effects",
  revision: 1,
  usesModel: false,
  catalogueList: "effects",
  addsAlpha: false,
  enlarges: false,
  numbers: { effects: { parameters: inCatalogue } },
  inputs: () => [{ name: "picture" }],
  validate({ effects }, path) {
    if (effects.length < 1 || effects.length > maxEffects)
      throw expected(`${path}.effects`, `a list of 1 to ${maxEffects} effects`, effects.length);
  },
  assertKnown({ effects }, path, catalogue) {
    for (const [index, effect] of effects.entries())
      canonicalParameters(effect, describedEffect(catalogue.effects, effect.name), `${path}.effects[${index}]`);
  },
  resolve({ effects }, { catalogue, path }) {
    const chain = withoutPresets(effects, catalogue);
    if (chain.length > maxEffects)
      throw expected(`${path}.effects`, `at most ${maxEffects} effects, those of presets included`, chain.length);
    const described = chain.map((effect) => [effect, describedEffect(catalogue.effects, effect.name)] as const);
    return {
      value: {
        effects: described.map(([effect, description]) => ({
          name: effect.name,
          parameters: canonicalParameters(effect, description, path),
        })),
      },
      dependsOn: described.map(([{ name }, { revision }]) => [name, revision]),
    };
  },
  keyParameters: ({ effects }) => effects.map(({ name, parameters }) => ({ name, parameters })),
  resultSize: (_, input) => input,
  expectedCost: {
    curve: { startMs: 10, msPerMegapixel: 60 },
    runs: ({ effects }) => Math.max(1, effects.length),
    variant: ({ effects }) => [effects.map(({ name }) => name).join("+")],
    // A chain that has not run yet costs the sum of its effects.
    parts: ({ effects }) => effects.map((effect) => ({ effects: [effect] })),
  },
});

/** Replaces each preset by its chain, so that a job does not change with the preset. Throws UNKNOWN_EFFECT. */
function withoutPresets(effects: readonly Effect[], { effects: known }: Catalogue): readonly Effect[] {
  return effects.flatMap((effect) => {
    const { chain } = describedEffect(known, effect.name);
    return chain.length > 0 ? chain : [effect];
  });
}
