import { expected } from "@pixelmesh/errors";
import type { Effect } from "@pixelmesh/proto";
import { unknownSize } from "../values/sizes.ts";
import type { Catalogue } from "./catalogue.ts";
import { canonicalParameters, describedEffect } from "./effect-parameters.ts";
import { inCatalogue } from "./number-ranges.ts";
import { defineOperation, type InputDescription } from "./operation.ts";

const maxEffects = 16;
const maxFurtherPictures = 4;

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
  inputs: ({ effects }) => [{ name: "picture" }, ...furtherPictures(effects)],
  validate({ effects }, path) {
    if (effects.length < 1 || effects.length > maxEffects)
      throw expected(`${path}.effects`, `a list of 1 to ${maxEffects} effects`, effects.length);
    assertFurtherPictures(effects, path);
  },
  assertKnown({ effects }, path, catalogue) {
    for (const [index, effect] of effects.entries())
      canonicalParameters(effect, describedEffect(catalogue.effects, effect.name), `${path}.effects[${index}]`);
  },
  resolve({ effects, defaultOrder }, { catalogue, path }) {
    const all = withoutPresets(effects, catalogue);
    const chain = defaultOrder ? inDefaultOrder(all, catalogue) : all;
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
  resultSize: ({ effects }, input, known) =>
    effects.every(({ name }) => known.find((description) => description.name === name)?.changesSize === false)
      ? input
      : unknownSize,
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

/** Sorts the effects that have a default rank, in the places that they take in the list. */
function inDefaultOrder(effects: readonly Effect[], { effects: known }: Catalogue): readonly Effect[] {
  const rankOf = ({ name }: Effect) => describedEffect(known, name).defaultRank;
  const ranked = effects.filter((effect) => rankOf(effect) > 0).sort((a, b) => rankOf(a) - rankOf(b));
  return effects.map((effect) => (rankOf(effect) > 0 ? (ranked.shift() ?? effect) : effect));
}

/** The pictures that the effects take besides the one that they change, in the order of the step's inputs. */
function furtherPictures(effects: readonly Effect[]): readonly InputDescription[] {
  const count = Math.max(0, ...inputPlaces(effects));
  return Array.from({ length: Math.min(count, maxFurtherPictures) }, (_, at) => ({ name: `picture ${at + 2}` }));
}

function inputPlaces(effects: readonly Effect[]): readonly number[] {
  return effects.flatMap(({ parameters }) =>
    Object.values(parameters).flatMap(({ kind }) => (kind?.$case === "input" ? [kind.value] : [])),
  );
}

// Each further picture must serve an effect: one that is only loaded would cost memory for nothing.
function assertFurtherPictures(effects: readonly Effect[], path: string): void {
  const places = inputPlaces(effects);
  const most = Math.max(0, ...places);
  const unused = Array.from({ length: Math.min(most, maxFurtherPictures) }, (_, at) => at + 1).find(
    (place) => !places.includes(place),
  );
  if (most > maxFurtherPictures)
    throw expected(`${path}.effects`, `with at most ${maxFurtherPictures} further pictures`, most);
  if (unused !== undefined)
    throw expected(
      `${path}.effects`,
      "such that an effect takes each further picture",
      `none that takes input ${unused}`,
    );
}
