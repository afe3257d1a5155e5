import { fileURLToPath } from "node:url";

/**
 * Returns the URL of the module at `path` (without extension), relative to the module whose `import.meta.url` is `here`. It has the same
 * form: `.ts` for sources, `.js` for built modules. For threads and child processes, which start from a file.
 */
export function moduleBeside(here: string, path: string): URL {
  return new URL(`${path}.${isSource(here) ? "ts" : "js"}`, here);
}

/** Returns the Node flags that a child process needs for modules in the form of `here` (an `import.meta.url`). */
export function nodeFlags(here: string): readonly string[] {
  if (!isSource(here)) return [];
  const quickResolve = fileURLToPath(new URL("quick-resolve.ts", import.meta.url));
  return ["--conditions=development", "--disable-warning=ExperimentalWarning", "--require", quickResolve];
}

function isSource(here: string): boolean {
  return here.endsWith(".ts");
}
