import { computed, effect, signal } from "@preact/signals";
import type { EffectDescription, Model } from "../api/types.ts";
import { type Draft, type EffectDraft, emptyDraft, picturesOfEffects } from "../pipeline/draft.ts";

/** The pipeline of the form. */
export const draft = signal<Draft>(emptyDraft);

/** The effects of the mesh; empty until they are here. */
export const catalogue = signal<readonly EffectDescription[]>([]);

/** The models of the mesh; empty until they are here. */
export const models = signal<readonly Model[]>([]);

/** Changes parts of the draft. */
export function changeDraft(part: Partial<Draft>): void {
  draft.value = { ...draft.value, ...part };
}

/** Key of the variant whose preview is shown; undefined: the main result's. */
export const previewedVariant = signal<number | undefined>(undefined);

/** The effects of the main chain, then those of the shown variant. */
const chosenEffects = computed((): readonly EffectDraft[] => {
  const { effects, variants } = draft.value;
  const variant = variants.find(({ key }) => key === previewedVariant.value);
  return [...effects, ...(variant?.effects ?? [])];
});

/** The effects that the preview shows: a preview takes no further pictures, so it leaves out the effects that do. */
export const previewedEffects = computed(() =>
  chosenEffects.value.filter((effect) => picturesOfEffects([effect]).length === 0),
);

/** Whether the preview leaves out effects. */
export const leavesEffectsOut = computed(() => previewedEffects.value.length < chosenEffects.value.length);

// A removed variant has no preview.
effect(() => {
  const { variants } = draft.value;
  if (!variants.some(({ key }) => key === previewedVariant.value)) previewedVariant.value = undefined;
});
