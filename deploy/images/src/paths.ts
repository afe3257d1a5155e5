import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

/** What the compiler writes: JavaScript at the paths of the sources. */
export const emitDir: string = `${root}out/dist/emit`;

/** The workspace again, with `dist/` where the sources were: what packages are deployed from. */
export const stageDir: string = `${root}out/dist/stage`;

/** Where the tree of a role is written: what its image has in /app. */
export function treeDir(role: string): string {
  return `${root}out/images/${role}`;
}
