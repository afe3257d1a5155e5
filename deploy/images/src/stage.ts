import { cpSync, existsSync, globSync, mkdirSync, rmSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { emitDir, root, stageDir } from "./paths.ts";
import { run } from "./run.ts";

/**
 * Compiles all packages and writes the staged workspace: manifests and lock file, with a `dist/` in each package. Does not check
 * types, which `make check` does.
 */
export function writeStage(): void {
  rmSync(join(root, "out/dist"), { recursive: true, force: true });
  run(join(root, "node_modules/.bin/tsc"), ["-p", "deploy/images"], root);
  for (const manifest of globSync(["proto/package.json", "libs/*/package.json", "services/*/package.json"], {
    cwd: root,
  })) {
    const dir = dirname(manifest);
    // The contracts have their modules beside their manifest; all other packages have src/.
    const emitted = [join(emitDir, dir, "src"), join(emitDir, dir)].find(existsSync);
    if (emitted === undefined) continue;
    cpSync(emitted, join(stageDir, dir, "dist"), { recursive: true });
    // The compiler leaves out files that are not modules.
    for (const asset of globSync("src/**/*.wasm", { cwd: join(root, dir) }))
      cpSync(join(root, dir, asset), join(stageDir, dir, "dist", relative("src", asset)));
    cpSync(join(root, manifest), join(stageDir, manifest));
  }
  // Files that the gateway serves.
  for (const assets of globSync("services/*/console/dist", { cwd: root }))
    cpSync(join(root, assets), join(stageDir, assets), { recursive: true });
  mkdirSync(join(stageDir, "proto/dist/gen"), { recursive: true });
  cpSync(join(root, "proto/gen/descriptors.binpb"), join(stageDir, "proto/dist/gen/descriptors.binpb"));
  for (const file of ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml"])
    cpSync(join(root, file), join(stageDir, file));
}
