import { globSync, readdirSync, statSync } from "node:fs";
import { extname, join } from "node:path";
import { UsageError, wrongFlag } from "@pixelmesh/flag-values";
import { isStdin } from "./standard-paths.ts";

/** How folders are searched. */
export type ExpandOptions = {
  /** Whether pictures in subfolders count as well. */
  readonly isRecursive: boolean;
  /** Names of outputs: files such as `cat.result.png` are results of an earlier command, and are left out of folders. */
  readonly outputNames: readonly string[];
};

/** Most pictures of one command. */
const maxPictures = 100_000;
const endings: ReadonlySet<string> = new Set([".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".avif", ".gif"]);

/**
 * Replaces each folder by its pictures, in order of their names, and each pattern that is no file by the files that it matches. Hidden files and folders
 * are left out. Throws UsageError for a folder without pictures, a pattern without files, and more than 100,000 pictures.
 */
export function expandPictures(arguments_: readonly string[], options: ExpandOptions): readonly string[] {
  const pictures = arguments_.flatMap((argument) => expand(argument, options));
  if (pictures.length <= maxPictures) return pictures;
  throw new UsageError(`Expected at most ${maxPictures} pictures, got ${pictures.length}: name fewer folders`);
}

function expand(argument: string, options: ExpandOptions): readonly string[] {
  if (isStdin(argument)) return [argument];
  const stats = statOf(argument);
  if (stats?.isDirectory()) return picturesIn(argument, options);
  // A path that leads nowhere fails as a picture, with the file system's own words.
  if (stats || !/[*?[\]{}]/.test(argument)) return [argument];
  const found = globSync(argument).filter((path) => statOf(path)?.isFile());
  if (found.length > 0) return found.sort();
  throw wrongFlag("picture", "a file, a folder or a pattern that matches files", argument);
}

function statOf(path: string) {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

function picturesIn(folder: string, { isRecursive, outputNames }: ExpandOptions): readonly string[] {
  const found: string[] = [];
  const search = (path: string) => {
    const entries = readdirSync(path, { withFileTypes: true }).filter(({ name }) => !name.startsWith("."));
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const inside = join(path, entry.name);
      if (entry.isDirectory() && isRecursive) search(inside);
      else if (isPictureName(entry.name, outputNames) && statOf(inside)?.isFile()) found.push(inside);
    }
  };
  search(folder);
  if (found.length > 0) return found;
  const hint = isRecursive ? "" : "; --recursive looks into its subfolders, too";
  throw new UsageError(
    `Expected \`picture\` to be a folder with pictures (${[...endings].join(", ")}), got \`${folder}\` without any${hint}`,
  );
}

/** Whether a file of this name in a folder is a picture, and no result of an earlier command. */
export function isPictureName(name: string, outputNames: readonly string[]): boolean {
  const ending = extname(name);
  if (!endings.has(ending.toLowerCase())) return false;
  const stem = name.slice(0, -ending.length);
  return !outputNames.some((output) => stem.endsWith(`.${output}`));
}
