import { type Place, toFolderPlace } from "../run/plan-paths.ts";
import { createOutputStems } from "../watch/output-stems.ts";

/** Where the outputs of the pictures of a batch lie in a folder. */
export type OutputPlaces = {
  /** Returns the place of a picture. Asked in the order of the pictures, it returns the same places each time. */
  of(index: number, name: string): Place;
};

/** What is known about the outputs, to find names that cannot be used. */
export type KnownOutputs = {
  readonly outputs: readonly string[];
  readonly formats: readonly string[];
  /** Whether outputs whose names begin so would overwrite an input. */
  readonly isBlocked: (stem: string) => boolean;
};

const nothingKnown: KnownOutputs = { outputs: [], formats: [], isBlocked: () => false };

/** Creates the places of outputs: `<name>.<output>.<ext>`, with `-2`, `-3`… where several pictures have one name. */
export function createOutputPlaces(outDir: string, known: KnownOutputs = nothingKnown): OutputPlaces {
  const stems = createOutputStems([], known.isBlocked);
  return {
    of(index, name) {
      // Two pictures may have one name, so the place among the pictures is a folder of it here.
      const stem = stems.of(`${index}/${toShownName(index, name)}`);
      return toFolderPlace(outDir, stem, known.outputs, known.formats);
    },
  };
}

/** Returns the name of a picture, or one by its place if it has none. */
export function toShownName(index: number, name: string): string {
  return name === "" ? `picture-${index + 1}` : name;
}
