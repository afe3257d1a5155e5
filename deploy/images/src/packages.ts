import { existsSync, globSync, readFileSync } from "node:fs";
import { join } from "node:path";

type Manifest = {
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
};

/** Dependencies that are declared and that nothing takes at run time. */
const unused: Readonly<Record<string, readonly string[]>> = {
  // Its install script downloads CUDA libraries; no install script runs here.
  "onnxruntime-node": ["adm-zip", "global-agent"],
  // Types only, and of another library's.
  "typed-emitter": ["rxjs"],
};

function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as Manifest;
}

/** Where a package is that another one imports: beside it or further up, as Node looks. */
function resolvePackage(tree: string, from: string, name: string): string | undefined {
  const nested = join(from, "node_modules", name);
  if (existsSync(nested)) return nested;
  const flat = join(tree, "node_modules", name);
  return existsSync(flat) ? flat : undefined;
}

/** Folders of all packages below `node_modules` of a tree, nested ones too. */
export function listPackages(tree: string): string[] {
  const names = ["*/package.json", "@*/*/package.json"];
  const found = globSync(
    names.flatMap((name) => [`node_modules/${name}`, `node_modules/**/node_modules/${name}`]),
    { cwd: tree },
  );
  return [...new Set(found)].map((path) => join(tree, path.slice(0, -"/package.json".length))).sort();
}

/**
 * The folders of packages that can be reached from a tree's root package over dependencies that are used at run time.
 * `without` names packages that this tree does not use although it could.
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
