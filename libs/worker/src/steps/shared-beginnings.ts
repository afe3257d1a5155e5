import { effectTexts } from "@pixelmesh/pipeline";
import type { WorkItem } from "@pixelmesh/proto";
import type { DerivedPicture, DerivedUse, MakePicture } from "./derived-pictures.ts";

/**
 * The pictures after the first effects of a chain, which steps of one job on the same picture share while they run. A beginning is named by its
 * number of effects.
 */
export type SharedBeginnings = {
  /** The beginnings that other steps of the job have too, rising. */
  readonly counts: readonly number[];
  /** The steps in hand that may use this beginning, this one among them. */
  users(count: number): number;
  /** Whether it is there or is being made. */
  has(count: number): boolean;
  /** Resolves to it: see `DerivedUse.get`. */
  get(count: number, make: MakePicture, signal: AbortSignal): Promise<DerivedPicture>;
};

/** The keys of the beginnings of a step, by their numbers of effects, rising. Beginnings of equal keys are equal pictures. */
export type BeginningKeys = ReadonlyMap<number, string>;

/** Returns the keys of the beginnings that other steps of the job share with this one. */
export function beginningKeys({ step, inputs, sharedEffects }: WorkItem): BeginningKeys {
  const effects = step?.operation?.$case === "applyEffects" ? step.operation.value.effects : [];
  const counts = (sharedEffects?.counts ?? []).filter((count) => count >= 1 && count <= effects.length);
  if (counts.length === 0) return new Map();
  const pictures = inputs.map(({ blob }) => blob?.sha256);
  const texts = effectTexts(effects, pictures);
  return new Map(counts.map((count) => [count, JSON.stringify([pictures[0], ...texts.slice(0, count)])]));
}

/** Returns the beginnings of a step that uses a shared picture. */
export function toSharedBeginnings(keys: BeginningKeys, derived: DerivedUse): SharedBeginnings {
  const keyOf = (count: number) => keys.get(count) ?? "";
  return {
    counts: [...keys.keys()],
    users: (count) => derived.users(keyOf(count)),
    has: (count) => derived.has(keyOf(count)),
    get: (count, make, signal) => derived.get(keyOf(count), make, signal),
  };
}
