import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { colorNames, didYouMean, formats, wrongFlag } from "@pixelmesh/flag-values";
import { outputNames } from "@pixelmesh/pipeline-flags";
import { possiblePaths } from "./effect-pictures.ts";
import { assertNoInput, createInputCheck, identityOf } from "./file-identity.ts";
import type { RunFlags } from "./flags.ts";
import { chooseStems, toFileName } from "./output-paths.ts";
import { assertFolder, assertWritable, findTarget } from "./output-target.ts";
import type { PictureTask } from "./run-picture.ts";
import { isStdin } from "./standard-paths.ts";

/** The paths of the outputs of one picture. */
export type Place = Pick<PictureTask, "pathOf" | "refusal">;

/**
 * Plans the paths of the outputs of each picture and creates the directory. Throws UsageError where an input would be overwritten or no
 * output can be written. Where only the outputs of one picture cannot be written, only that picture is refused.
 */
export function planPaths(flags: RunFlags): readonly Place[] {
  const { outputFile } = flags;
  assertBackground(flags);
  const isInput = createInputCheck([...flags.pictures, ...furtherInputs(flags)]);
  if (outputFile === undefined) return planFolder(flags, isInput);
  assertNoInput(outputFile, isInput);
  assertWritable("-o", outputFile);
  return [{ pathOf: () => outputFile, refusal: undefined }];
}

/** Throws UsageError for a background picture that does not exist. */
export function assertBackground({ background }: RunFlags): void {
  if (background?.kind !== "picture" || identityOf(background.path)) return;
  const hint = didYouMean(background.path, colorNames);
  throw wrongFlag(
    "--background",
    "a colour such as #rrggbb or white, gradient:…, blur:N or the path of a picture that exists",
    background.path,
    hint,
  );
}

/** Returns the files that are read beside the pictures themselves: the background, and those that effects name. */
export function furtherInputs(flags: RunFlags): readonly string[] {
  const { background } = flags;
  return [...(background?.kind === "picture" ? [background.path] : []), ...possiblePaths(flags)];
}

/** Returns the formats in which outputs may be written. */
export function possibleFormats({ format }: RunFlags): readonly string[] {
  return format === "auto" ? formats.slice(1) : [format];
}

function planFolder(flags: RunFlags, isInput: (path: string) => boolean): readonly Place[] {
  const { outDir } = flags;
  assertFolder("--out-dir", outDir);
  const possible = possibleFormats(flags);
  const outputs = outputNames(flags);
  const pictures = flags.pictures.map((path) => (isStdin(path) ? "stdin" : path));
  const stems = chooseStems(pictures, (stem) =>
    outputs.some((output) => possible.some((format) => isInput(join(outDir, toFileName(stem, output, format))))),
  );
  return stems.map((stem) => toFolderPlace(outDir, stem, outputs, possible));
}

/** Returns the paths of the outputs of a stem in a folder, and why none of them can be written. */
export function toFolderPlace(
  outDir: string,
  stem: string,
  outputs: readonly string[],
  possible: readonly string[],
): Place {
  const pathOf = (output: string, format: string) => join(outDir, toFileName(stem, output, format));
  return { pathOf, refusal: findRefusal(outputs, possible, pathOf) };
}

/** Returns why an output cannot be written in any of its possible formats. */
function findRefusal(
  outputs: readonly string[],
  possible: readonly string[],
  pathOf: Place["pathOf"],
): AppError | undefined {
  for (const output of outputs) {
    const reasons = possible.map((format) => findPlaceFailure(pathOf(output, format)));
    if (!reasons.includes(undefined)) return reasons[0];
  }
  return undefined;
}

function findPlaceFailure(path: string): AppError | undefined {
  try {
    findTarget(path);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const got = code === "ENAMETOOLONG" ? "a name that is too long for the file system" : message;
    return new AppError("INVALID_ARGUMENT", `Expected a place for the output ${path}, got ${got}`);
  }
}
