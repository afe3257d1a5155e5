import type { Effect, EffectDescription, ParameterType, Value } from "../api/types.ts";
import {
  type BackgroundDraft,
  cutsOut,
  type Draft,
  type EffectDraft,
  picturesOfEffects,
  type SettingValue,
} from "./draft.ts";

/** The origin of a picture that a step takes. */
export type InputJson = { readonly upload: string } | { readonly step: string };

/** One step: its operation is the member that is named after it. */
export type StepJson = { readonly id: string; readonly inputs: readonly InputJson[] } & OperationJson;

/** The operations that the form offers. */
export type OperationJson =
  | { readonly prescale: { readonly maxSidePx: number } }
  | { readonly upscale: { readonly scale: number; readonly model: string } }
  | { readonly removeBackground: { readonly model: string } }
  | { readonly replaceBackground: ReplacementJson }
  | { readonly applyEffects: { readonly effects: readonly Effect[] } };

type ReplacementJson =
  | { readonly color: string }
  | { readonly blurSigmaPx: number }
  | { readonly gradient: { readonly colors: readonly string[]; readonly angle: number } }
  | { readonly picture: { readonly fit?: string } };

/** A pipeline as `POST /v1/jobs` takes it. */
export type PipelineJson = {
  readonly steps: readonly StepJson[];
  readonly outputs: readonly {
    readonly name: string;
    readonly step: string;
    readonly encoding: { readonly format: string };
  }[];
};

/**
 * Returns the pipeline of a draft, with the steps and names of the command line's `run`: each operation works on the result of the one before, and each
 * variant on the result of the last one.
 */
export function toPipeline(draft: Draft, catalogue: readonly EffectDescription[]): PipelineJson {
  const steps = mainSteps(draft, catalogue);
  const encoding = { format: draft.format };
  const last = steps.at(-1);
  const variants = draft.variants.map(({ name, effects }, index) => {
    const id = name.length <= 24 ? `variant_${name}` : `variant-${index + 1}`;
    const chain = toChain(effects, catalogue);
    return {
      step: { id, inputs: [last ? { step: last.id } : source, ...chain.inputs], ...chain.operation },
      output: { name, step: id, encoding },
    };
  });
  return {
    steps: [...steps, ...variants.map(({ step }) => step)],
    outputs: [...(last ? [{ name: "result", step: last.id, encoding }] : []), ...variants.map(({ output }) => output)],
  };
}

const source: InputJson = { upload: "source" };

function mainSteps(draft: Draft, catalogue: readonly EffectDescription[]): StepJson[] {
  const steps: StepJson[] = [];
  let original: InputJson = source;
  const end = (): InputJson => {
    const last = steps.at(-1);
    return last ? { step: last.id } : source;
  };
  const add = (id: string, operation: OperationJson, more: readonly InputJson[] = []) =>
    steps.push({ id, inputs: [end(), ...more], ...operation });
  const { maxSidePx, scale, background, effects, variants } = draft;
  const isRewritten = scale === 0 && !cutsOut(draft) && effects.length === 0 && variants.length === 0;
  if (maxSidePx > 0 || isRewritten) add("prescale", { prescale: { maxSidePx } });
  if (scale > 0) add("upscale", { upscale: { scale, model: draft.upscaleModel } });
  if (cutsOut(draft)) {
    original = end();
    add("remove_background", { removeBackground: { model: draft.cutoutModel } });
  }
  if (background.kind !== "none")
    add("replace_background", { replaceBackground: toReplacement(background) }, secondInput(background, original));
  if (effects.length > 0) {
    const chain = toChain(effects, catalogue);
    add("effects", chain.operation, chain.inputs);
  }
  return steps;
}

/** Returns the second input of a new background. */
function secondInput(background: BackgroundDraft, original: InputJson): InputJson[] {
  if (background.kind === "picture") return [{ upload: background.picture }];
  return background.kind === "blur" ? [original] : [];
}

/** Returns a chain of effects as an operation, and the further pictures that it takes. */
function toChain(effects: readonly EffectDraft[], catalogue: readonly EffectDescription[]) {
  const pictures = picturesOfEffects(effects);
  const placed = toEffects(effects, catalogue, (picture) => pictures.indexOf(picture) + 1);
  return {
    operation: { applyEffects: { effects: placed } },
    inputs: pictures.map((upload): InputJson => ({ upload })),
  };
}

function toReplacement(background: Exclude<BackgroundDraft, { readonly kind: "none" }>): ReplacementJson {
  switch (background.kind) {
    case "color":
      return { color: background.color };
    case "blur":
      return { blurSigmaPx: background.sigmaPx };
    case "gradient":
      return { gradient: { colors: background.colors, angle: background.angle } };
    case "picture":
      return { picture: background.fit === "cover" ? {} : { fit: background.fit } };
  }
}

/**
 * Returns the effects of a chain with the types of the catalogue. `placeOf` returns the place of a further picture among the inputs of the step; 0: the
 * effect runs without it.
 */
export function toEffects(
  effects: readonly EffectDraft[],
  catalogue: readonly EffectDescription[],
  placeOf: (picture: string) => number = () => 0,
): Effect[] {
  return effects.map(({ name, settings }) => {
    const described = catalogue.find((effect) => effect.name === name)?.parameters ?? [];
    const parameters = Object.entries(settings).map(([key, value]) => {
      const type = described.find((parameter) => parameter.name === key)?.type;
      return [key, toValue(value, type, placeOf)] as const;
    });
    return { name, parameters: Object.fromEntries(parameters) };
  });
}

function toValue(value: SettingValue, type: ParameterType | undefined, placeOf: (picture: string) => number): Value {
  if (typeof value === "object") return { input: placeOf(value.picture) };
  if (typeof value === "number") return { number: value };
  if (typeof value === "boolean") return { flag: value };
  return type === "color" ? { color: value } : { text: value };
}
