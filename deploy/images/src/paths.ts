import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

/** The compiler's output: JavaScript at the paths of the sources. */
export const emitDir: string = `${root}out/dist/emit`;

/** The staged workspace, with `dist/` instead of sources. Trees are deployed from it. */
export const stageDir: string = `${root}out/dist/stage`;

/** The folder of a role's tree, which its image has in /app. */
export function treeDir(role: string): string {
  return `${root}out/images/${role}`;
}
