import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { root } from "./paths.ts";

/** The fields of a manifest in the checkout that a package takes over. */
export type Manifest = {
  readonly name: string;
  readonly version: string;
  readonly description: string;
  readonly keywords: readonly string[];
  readonly license: string;
  readonly repository: object;
  readonly engines: object;
  readonly dependencies?: Readonly<Record<string, string>>;
  /** Entries by their path, such as `.` and `./processes`: each with its source. */
  readonly exports?: Readonly<Record<string, { readonly development: string }>>;
};

/** Reads the manifest in a folder, relative to the root. */
export function readManifest(dir: string): Manifest {
  return JSON.parse(readFileSync(join(root, dir, "package.json"), "utf8")) as Manifest;
}

/** Returns what the manifest of every package says about itself. */
export function describePackage({
  name,
  version,
  description,
  keywords,
  license,
  repository,
  engines,
}: Manifest): object {
  return { name, version, description, keywords, license, repository, type: "module", engines };
}

/** Returns the catalog's versions of npm packages, each as a range that allows later compatible releases. Throws for a package that the catalog lacks. */
export function toRanges(names: Iterable<string>): Record<string, string> {
  const { catalog } = parse(readFileSync(join(root, "pnpm-workspace.yaml"), "utf8")) as {
    catalog: Record<string, string>;
  };
  return Object.fromEntries(
    [...new Set(names)].sort().map((name) => {
      const version = catalog[name];
      if (version === undefined) throw new Error(`Expected pnpm-workspace.yaml to have ${name} in its catalog`);
      return [name, /^\d/.test(version) ? `^${version}` : version];
    }),
  );
}

/** Returns the package of a module: `@scope/name` or `name`. */
export function packageOf(id: string): string {
  return id
    .split("/")
    .slice(0, id.startsWith("@") ? 2 : 1)
    .join("/");
}
