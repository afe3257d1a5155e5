import { type EffectText, type Variant, wrongFlag } from "@pixelmesh/flag-values";
import { type EffectDescription, type Input, type ParameterDescription, ParameterType } from "@pixelmesh/proto";
import type { ToEffects } from "./operation-flags.ts";
import { toEffect } from "./to-effect.ts";

/** A file that effects name by `@FILE`, and the name under which it is uploaded. */
export type EffectFile = { readonly name: string; readonly file: string };

/** The effects of a request with the types of the catalogue, and the further pictures that they take. */
export type EffectPlan = { readonly toEffects: ToEffects; readonly files: readonly EffectFile[] };

/** Effects and variants as they were typed. */
export type TypedEffects = { readonly effects: readonly EffectText[]; readonly variants: readonly Variant[] };

/** How files are taken. */
export type FileRules = {
  /** Returns the name under which a file is uploaded; `index` counts the files from 0. */
  nameOf(file: string, index: number): string;
  /** Returns what is expected instead of this file; undefined for one that can be taken. */
  refusalOf(file: string): string | undefined;
};

/**
 * Converts effects: a setting `@FILE` of a parameter that takes a picture becomes a further input of its step. Each file is uploaded once. Throws
 * UsageError for another value of such a parameter than `@FILE` or 0, and for a file that the rules refuse.
 */
export function planEffects(
  { effects, variants }: TypedEffects,
  catalogue: readonly EffectDescription[],
  rules: FileRules,
): EffectPlan {
  const typed = [
    ...effects.map((effect) => ({ effect, flag: "--effect " })),
    ...variants.flatMap((variant) => variant.effects.map((effect) => ({ effect, flag: `--variant ${variant.name}=` }))),
  ];
  const names = new Set(typed.flatMap(({ effect, flag }) => filesOf(effect, catalogue, flag, rules)));
  const files = [...names].map((file, index) => ({ name: rules.nameOf(file, index), file }));
  return {
    files,
    toEffects(texts) {
      const own = [...new Set(texts.flatMap((text) => filesOf(text, catalogue, "--effect ", rules)))];
      const inputs = own.map((path): Input => {
        const name = files.find(({ file }) => file === path)?.name ?? "";
        return { from: { $case: "upload", value: name } };
      });
      return { effects: texts.map((text) => toEffect(text, catalogue, (path) => own.indexOf(path) + 1)), inputs };
    },
  };
}

function filesOf(
  { name, settings }: EffectText,
  catalogue: readonly EffectDescription[],
  flag: string,
  rules: FileRules,
): string[] {
  const described = catalogue.find((effect) => effect.name === name)?.parameters ?? [];
  return pictureFiles(settings, described, `${flag}${name}`, rules).map(({ file }) => file);
}

/** The files of settings whose parameters take a picture. `typed` is the flag with the name. Throws UsageError for a value that is no file, and for one that the rules refuse. */
export function pictureFiles(
  settings: EffectText["settings"],
  described: readonly ParameterDescription[],
  typed: string,
  { refusalOf }: Pick<FileRules, "refusalOf">,
): { readonly key: string; readonly file: string }[] {
  return Object.entries(settings).flatMap(([key, value]) => {
    const type = described.find((parameter) => parameter.name === key)?.type;
    if (type !== ParameterType.INPUT || value === "0") return [];
    const file = value.slice(1);
    const refusal = value.startsWith("@") && file !== "" ? refusalOf(file) : "@FILE, the path of a picture";
    if (refusal !== undefined) throw wrongFlag(`${typed}:${key}`, refusal, value);
    return [{ key, file }];
  });
}
