/** What a form asks for, before it becomes a pipeline. Every change makes a new draft. */

/** A further picture of the job, by the name under which it is sent. */
export type PictureValue = { readonly picture: string };

/** The value of a setting, of the type that the effect's description says. */
export type SettingValue = number | string | boolean | PictureValue;

/** One effect of a chain. `key` tells equal effects apart in the form. Settings that are not given have their defaults. */
export type EffectDraft = {
  readonly key: number;
  readonly name: string;
  readonly settings: Readonly<Record<string, SettingValue>>;
};

/** A further output: a chain of effects on the result of the main steps. */
export type VariantDraft = { readonly key: number; readonly name: string; readonly effects: readonly EffectDraft[] };

/** What becomes of the background of a cut-out. */
export type BackgroundDraft =
  | { readonly kind: "none" }
  | { readonly kind: "color"; readonly color: string }
  | { readonly kind: "gradient"; readonly colors: readonly string[]; readonly angle: number }
  | { readonly kind: "blur"; readonly sigmaPx: number }
  /** A further picture; empty: none is chosen yet. */
  | { readonly kind: "picture"; readonly picture: string; readonly fit: (typeof fits)[number] };

/** How a picture fills the background. */
export const fits = ["cover", "contain", "stretch", "tile"] as const;

/** File formats of outputs. */
export const formats = ["auto", "jpeg", "png", "webp", "avif"] as const;

/** The pipeline that the form asks for. */
export type Draft = {
  /** Longest side to shrink the picture to first, from 16 to 16384; 0: none. */
  readonly maxSidePx: number;
  /** 0: no upscale. */
  readonly scale: 0 | 2 | 3 | 4;
  /** Empty: the mesh's default. */
  readonly upscaleModel: string;
  readonly removeBackground: boolean;
  readonly cutoutModel: string;
  readonly background: BackgroundDraft;
  readonly effects: readonly EffectDraft[];
  readonly variants: readonly VariantDraft[];
  readonly format: (typeof formats)[number];
};

/** A draft that asks for nothing. */
export const emptyDraft: Draft = {
  maxSidePx: 0,
  scale: 0,
  upscaleModel: "",
  removeBackground: false,
  cutoutModel: "",
  background: { kind: "none" },
  effects: [],
  variants: [],
  format: "auto",
};

let lastKey = 0;

/** Returns an effect with its defaults. */
export function newEffect(name: string, settings: EffectDraft["settings"] = {}): EffectDraft {
  lastKey += 1;
  return { key: lastKey, name, settings };
}

/** Returns a variant whose name no other has. */
export function newVariant(others: readonly VariantDraft[], effects: readonly EffectDraft[]): VariantDraft {
  lastKey += 1;
  let number = others.length + 1;
  while (others.some(({ name }) => name === `variant${number}`)) number += 1;
  return { key: lastKey, name: `variant${number}`, effects };
}

/** Whether the background is removed: a new background needs a cut-out. */
export function cutsOut({ removeBackground, background }: Draft): boolean {
  return removeBackground || background.kind !== "none";
}

/** Returns the names of the further pictures that effects take, each once, in the order of their first use. */
export function picturesOfEffects(effects: readonly EffectDraft[]): string[] {
  const values = effects.flatMap(({ settings }) => Object.values(settings));
  return [...new Set(values.flatMap((value) => (typeof value === "object" ? [value.picture] : [])))];
}

/** Returns all effects of a draft, those of its variants last. */
export function effectsOfDraft({ effects, variants }: Draft): EffectDraft[] {
  return [...effects, ...variants.flatMap((variant) => variant.effects)];
}

/** Returns the names of all further pictures that a draft takes, each once. */
export function picturesOfDraft(draft: Draft): string[] {
  const { background } = draft;
  const behind = background.kind === "picture" && background.picture !== "" ? [background.picture] : [];
  return [...new Set([...behind, ...picturesOfEffects(effectsOfDraft(draft))])];
}

/** Whether the draft asks for any work. */
export function asksForWork(draft: Draft): boolean {
  return (
    draft.maxSidePx > 0 ||
    draft.scale > 0 ||
    cutsOut(draft) ||
    draft.effects.length > 0 ||
    draft.variants.length > 0 ||
    draft.format !== "auto"
  );
}

/** The pipeline of `make demo`: shrink, upscale, cut out, and four looks beside each other. */
export function demoDraft(): Draft {
  const looks = ["black_and_white", "pop_art", "retro_8bit", "dither"];
  return {
    ...emptyDraft,
    maxSidePx: 512,
    scale: 4,
    removeBackground: true,
    variants: looks.map((name, index) => ({ key: -index - 1, name, effects: [newEffect(name)] })),
  };
}
