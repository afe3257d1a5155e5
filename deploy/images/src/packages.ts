import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Manifest = {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

/** Declared dependencies that are not used at run time, by package. */
const unused: Readonly<Record<string, readonly string[]>> = {
  // Used by its install script, which downloads CUDA libraries. No install script runs here.
  "onnxruntime-node": ["adm-zip", "global-agent"],
  // Used for types only.
  "typed-emitter": ["rxjs"],
};

function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest;
}

/** Returns the folder of an imported package: nested in its importer, else flat in the tree, as Node resolves it. */
function resolvePackage(tree: string, from: string, name: string): string | undefined {
  const nested = join(from, "node_modules", name);
  if (existsSync(nested)) return nested;
  const flat = join(tree, "node_modules", name);
  return existsSync(flat) ? flat : undefined;
}

/** Returns the folders of all packages below `node_modules` of a tree, including nested ones. */
export function listPackages(tree: string): string[] {
  const names = ["*/package.json", "@*/*/package.json"];
  const found = globSync(
    names.flatMap((name) => [`node_modules/${name}`, `node_modules/**/node_modules/${name}`]),
    { cwd: tree },
  );
  return [...new Set(found)].map((path) => join(tree, path.slice(0, -"/package.json".length))).sort();
}

/**
 * Returns the folders of all packages that the root package of a tree depends on at run time, directly or indirectly. Packages in
 * `without` are skipped.
 */
export function reachPackages(tree: string, without: readonly string[]): ReadonlySet<string> {
  const reached = new Set<string>();
  const next: { readonly dir: string; readonly name: string }[] = [{ dir: tree, name: "" }];
  for (const { dir, name: from } of next) {
    const { dependencies = {}, optionalDependencies = {} } = readManifest(dir);
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      if (name.startsWith("@types/") || without.includes(name) || unused[from]?.includes(name)) continue;
      const found = resolvePackage(tree, dir, name);
      if (found === undefined || reached.has(found)) continue;
      reached.add(found);
      next.push({ dir: found, name });
    }
  }
  return reached;
}
