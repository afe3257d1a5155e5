import { join } from "node:path";
import { run } from "../../deploy/images/src/run.ts";
import { packagesDir } from "./paths.ts";

/** Packs a folder into a tarball in `out/packages`. Returns its path. */
export function npmPack(dir: string, { name, version }: { readonly name: string; readonly version: string }): string {
  run("npm", ["pack", "--ignore-scripts", "--pack-destination", packagesDir], dir);
  return join(packagesDir, `${name.replace("@", "").replace("/", "-")}-${version}.tgz`);
}
