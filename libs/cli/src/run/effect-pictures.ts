import {
  type FileRules,
  type PipelineFlags,
  planEffects as plan,
  type ToEffects,
  type TypedEffects,
} from "@pixelmesh/pipeline-flags";
import type { EffectDescription } from "@pixelmesh/proto";
import { identityOf } from "./file-identity.ts";
import { isStdin } from "./standard-paths.ts";

/** A file that effects name, and the name under which it is uploaded. */
export type EffectPicture = { readonly name: string; readonly path: string };

/** The effects of a command with the types of the catalogue, and the further pictures that they take. */
export type EffectPlan = { readonly toEffects: ToEffects; readonly pictures: readonly EffectPicture[] };

/** The files that settings may name. */
export const furtherPictureRules: Pick<FileRules, "refusalOf"> = {
  refusalOf(path) {
    if (isStdin(path)) return "@FILE, the path of a picture";
    return identityOf(path) === undefined ? "@FILE, the path of a picture that exists" : undefined;
  },
};

/** Converts the effects of a command, whose files are uploaded once each. Throws UsageError for a setting that names no file that exists. */
export function planEffects(typed: TypedEffects, catalogue: readonly EffectDescription[]): EffectPlan {
  const nameOf = (_file: string, index: number) => `effect-picture-${index + 1}`;
  const { toEffects, files } = plan(typed, catalogue, { ...furtherPictureRules, nameOf });
  return { toEffects, pictures: files.map(({ name, file }) => ({ name, path: file })) };
}

type PossibleFiles = TypedEffects & Partial<Pick<PipelineFlags, "feature" | "remoteModel">>;

/** Returns the files that settings name by `@FILE`, whether or not their parameters take a picture: no output may overwrite them. */
export function possiblePaths({ effects, variants, feature, remoteModel }: PossibleFiles): readonly string[] {
  const others = [feature, remoteModel].filter((text) => text !== undefined);
  return [...effects, ...variants.flatMap((variant) => variant.effects), ...others].flatMap(({ settings }) =>
    Object.values(settings).flatMap((value) => (value.startsWith("@") ? [value.slice(1)] : [])),
  );
}
