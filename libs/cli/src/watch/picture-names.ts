import { isPictureName } from "../run/expand-pictures.ts";

/** Beginnings and middles of names under which programs write files that are not complete. Endings such as `.part` are those of no picture. */
const temporary = /^[.~#]|\.(part|partial|tmp|temp|crdownload|download|swp)\./i;

/**
 * Whether a file of this name in a watched folder is a picture to process. Hidden files, temporary names (`~$a.jpg`, `a.part.jpg`, `a.jpg.crdownload`) and
 * results of an earlier command (`a.result.png` for the output `result`) are not.
 */
export function isWatchedName(name: string, outputNames: readonly string[]): boolean {
  return !temporary.test(name) && isPictureName(name, outputNames);
}

/** Whether a watched folder's subfolder of this name is searched. Hidden ones are not. */
export function isWatchedFolder(name: string): boolean {
  return !name.startsWith(".");
}
