import { type EffectDescription, type Input, ParameterType } from "@pixelmesh/proto";
import { wrongFlag } from "../options/usage-error.ts";
import type { EffectText, Variant } from "./effect-text.ts";
import { identityOf } from "./file-identity.ts";
import type { ToEffects } from "./operation-flags.ts";
import { isStdin } from "./standard-paths.ts";
import { toEffect } from "./to-effect.ts";

/** A file that effects name, and the name under which it is uploaded. */
export type EffectPicture = { readonly name: string; readonly path: string };

/** The effects of a command with the types of the catalogue, and the further pictures that they take. */
export type EffectPlan = { readonly toEffects: ToEffects; readonly pictures: readonly EffectPicture[] };

type Typed = { readonly effects: readonly EffectText[]; readonly variants: readonly Variant[] };

/**
 * Converts the effects of a command: a setting `@FILE` of a parameter that takes a picture becomes a further input of its step. Each file is uploaded
 * once. Throws UsageError for another value of such a parameter than `@FILE` or 0, and for a file that does not exist.
 */
export function planEffects({ effects, variants }: Typed, catalogue: readonly EffectDescription[]): EffectPlan {
  const typed = [
    ...effects.map((effect) => ({ effect, flag: "--effect " })),
    ...variants.flatMap((variant) => variant.effects.map((effect) => ({ effect, flag: `--variant ${variant.name}=` }))),
  ];
  const paths = new Set(typed.flatMap(({ effect, flag }) => pathsOf(effect, catalogue, flag)));
  const pictures = [...paths].map((path, index) => ({ name: `effect-picture-${index + 1}`, path }));
  return {
    pictures,
    toEffects(texts) {
      const own = [...new Set(texts.flatMap((text) => pathsOf(text, catalogue, "--effect ")))];
      const inputs = own.map((path): Input => {
        const name = pictures.find((picture) => picture.path === path)?.name ?? "";
        return { from: { $case: "upload", value: name } };
      });
      return { effects: texts.map((text) => toEffect(text, catalogue, (path) => own.indexOf(path) + 1)), inputs };
    },
  };
}

/** Returns the files that settings name by `@FILE`, whether or not their parameters take a picture: no output may overwrite them. */
export function possiblePaths({ effects, variants }: Typed): readonly string[] {
  return [...effects, ...variants.flatMap((variant) => variant.effects)].flatMap(({ settings }) =>
    Object.values(settings).flatMap((value) => (value.startsWith("@") ? [value.slice(1)] : [])),
  );
}

function pathsOf({ name, settings }: EffectText, catalogue: readonly EffectDescription[], flag: string): string[] {
  const described = catalogue.find((effect) => effect.name === name)?.parameters ?? [];
  return Object.entries(settings).flatMap(([key, value]) => {
    const type = described.find((parameter) => parameter.name === key)?.type;
    if (type !== ParameterType.INPUT || value === "0") return [];
    const path = value.slice(1);
    if (!value.startsWith("@") || path === "" || isStdin(path))
      throw wrongFlag(`${flag}${name}:${key}`, "@FILE, the path of a picture", value);
    if (identityOf(path) === undefined)
      throw wrongFlag(`${flag}${name}:${key}`, "@FILE, the path of a picture that exists", value);
    return [path];
  });
}
