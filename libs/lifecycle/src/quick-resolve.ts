import { registerHooks } from "node:module";

// Loaded before a program's main module (node --require), when it runs from sources. Node searches the file system for every import: for a relative
// one it reads the nearest package.json and real paths, for a package all that again in each file that names it. Here, a relative import of
// a source is the file that it names, and a package of this repository is searched once. Both hold in this repository: imports of sources name the
// whole file, no source is a symbolic link, and each package has one version. That saves a fifth of the processor time of a start.

type Resolved = ReturnType<Parameters<NonNullable<Parameters<typeof registerHooks>[0]["resolve"]>>[2]>;

const packages = new Map<string, Resolved>();

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context;
    if (parentURL !== undefined && /^\.\.?\/.*\.ts$/.test(specifier))
      return { url: new URL(specifier, parentURL).href, format: "module-typescript", shortCircuit: true };
    if (!specifier.startsWith("@pixelmesh/")) return next(specifier, context);
    let found = packages.get(specifier);
    if (found === undefined) {
      found = { ...next(specifier, context), shortCircuit: true };
      packages.set(specifier, found);
    }
    return found;
  },
});
