import { statSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "@pixelmesh/errors";
import { colorNames } from "../options/css-colors.ts";
import { didYouMean } from "../options/nearest.ts";
import { UsageError, wrongFlag } from "../options/usage-error.ts";
import { outputNames, type RunFlags } from "./flags.ts";
import { formats } from "./formats.ts";
import { chooseStems, toFileName } from "./output-paths.ts";
import { assertFolder, assertWritable, findTarget } from "./output-target.ts";
import type { PictureTask } from "./run-picture.ts";
import { isStdin } from "./standard-paths.ts";

/** Where the outputs of one picture go. */
export type Place = Pick<PictureTask, "pathOf" | "refusal">;

/**
 * Where the outputs of each picture go. Makes the folder. Throws UsageError where an input would be overwritten and where nothing can be
 * written; a picture whose own outputs cannot be written is refused alone.
 */
export function planPaths(flags: RunFlags): readonly Place[] {
  const { background, outputFile } = flags;
  if (background?.kind === "picture" && !identityOf(background.path)) {
    const hint = didYouMean(background.path, colorNames);
    throw wrongFlag("--background", "#rrggbb, blur:N or the path of a picture that exists", background.path, hint);
  }
  const inputs = new Set(
    [...flags.pictures, ...(background?.kind === "picture" ? [background.path] : [])].map(identityOf),
  );
  const isInput = (path: string) => {
    const identity = identityOf(path);
    return identity !== undefined && inputs.has(identity);
  };
  if (outputFile === undefined) return planFolder(flags, isInput);
  if (isInput(outputFile)) throw new UsageError(`Expected \`-o\` to be no input, got \`${outputFile}\``);
  assertWritable("-o", outputFile);
  return [{ pathOf: () => outputFile, refusal: undefined }];
}

function planFolder(flags: RunFlags, isInput: (path: string) => boolean): readonly Place[] {
  const { outDir } = flags;
  assertFolder("--out-dir", outDir);
  const possible = flags.format === "auto" ? formats.slice(1) : [flags.format];
  const outputs = outputNames(flags);
  const pictures = flags.pictures.map((path) => (isStdin(path) ? "stdin" : path));
  const stems = chooseStems(pictures, (stem) =>
    outputs.some((output) => possible.some((format) => isInput(join(outDir, toFileName(stem, output, format))))),
  );
  return stems.map((stem) => {
    const pathOf = (output: string, format: string) => join(outDir, toFileName(stem, output, format));
    return { pathOf, refusal: findRefusal(outputs, possible, pathOf) };
  });
}

/** Why an output has no place in any of the formats that it may get. */
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

/** The file that a path leads to, as the system tells files apart; undefined where there is none that can be told. */
function identityOf(path: string): string | undefined {
  if (isStdin(path)) return undefined;
  try {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats && `${stats.dev}:${stats.ino}`;
  } catch {
    // Too long a name, a circle of links, a folder that may not be entered: reading it says so, for that picture alone.
    return undefined;
  }
}
