/**
 * The module at `path` (without extension) beside the one whose `import.meta.url` is `here`, in the same form: TypeScript
 * where sources run as they are, JavaScript where they are built. For threads and child processes, which start from a file.
 */
export function moduleBeside(here: string, path: string): URL {
  return new URL(`${path}.${isSource(here) ? "ts" : "js"}`, here);
}

/** Flags with which another Node runs modules in the form of the one whose `import.meta.url` is `here`. */
export function nodeFlags(here: string): readonly string[] {
  return isSource(here) ? ["--conditions=development", "--disable-warning=ExperimentalWarning"] : [];
}

function isSource(here: string): boolean {
  return here.endsWith(".ts");
}
