import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const root: string = fileURLToPath(new URL("../../../", import.meta.url));

/** Where `scripts/kubernetes/build.sh` keeps what it built: `bin/` and `crds/`. */
export const kubernetesDir: string =
  process.env.PIXELMESH_KUBERNETES_DIR || join(homedir(), ".cache/pixelmesh/kubernetes");

/** Returns the path of a built program. Throws if it was not built. */
export function findProgram(name: string): string {
  const path = join(kubernetesDir, "bin", name);
  if (!existsSync(path)) throw new Error(`Expected ${path}; build it with: bash scripts/kubernetes/build.sh ${name}`);
  return path;
}
