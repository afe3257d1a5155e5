import { copyFileSync, cpSync, existsSync, globSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { type SourceManifest, toBuiltManifest } from "../../deploy/images/src/built-manifest.ts";
import { writeModels } from "../../deploy/images/src/models.ts";
import { stageDir } from "../../deploy/images/src/paths.ts";
import { writeStage } from "../../deploy/images/src/stage.ts";
import { describePackage, readManifest, toRanges } from "./manifest.ts";
import { npmPack } from "./npm-pack.ts";
import { packagesDir, root } from "./paths.ts";
import { writeReadme } from "./write-readme.ts";

const bin = `#!/usr/bin/env node
import { enableCompileCache } from "node:module";

// Compiled modules are kept from one start to the next.
enableCompileCache();
await import("../dist/main.js");
`;

/**
 * Writes the tarball of `@pixelmesh/cli`: the command line, all libraries and services as bundled dependencies, and the bundled models, so that
 * `pixelmesh up` works without a checkout. Returns its path.
 */
export function packCli(): string {
  writeStage();
  const dir = join(packagesDir, "cli");
  const bundled = join(dir, "node_modules/@pixelmesh");
  const names = new Set<string>();
  const packages: string[] = [];
  for (const path of globSync(["proto", "libs/*", "services/*"], { cwd: stageDir })) {
    const manifest = JSON.parse(readFileSync(join(stageDir, path, "package.json"), "utf8")) as SourceManifest;
    for (const name of Object.keys(manifest.dependencies ?? {})) if (!name.startsWith("@pixelmesh/")) names.add(name);
    const target = path === "libs/cli" ? dir : join(bundled, basename(path));
    mkdirSync(target, { recursive: true });
    for (const folder of ["dist", "console"].filter((name) => existsSync(join(stageDir, path, name))))
      cpSync(join(stageDir, path, folder), join(target, folder), { recursive: true });
    if (path === "libs/cli") continue;
    packages.push(manifest.name);
    // Their dependencies are those of the command line's package.
    writeFileSync(join(target, "package.json"), `${JSON.stringify(toBuiltManifest(manifest), null, 2)}\n`);
  }
  writeModels(join(dir, "models"));
  mkdirSync(join(dir, "bin"));
  writeFileSync(join(dir, "bin/pixelmesh.js"), bin, { mode: 0o755 });

  const manifest = readManifest("libs/cli");
  const description = {
    ...describePackage(manifest),
    bin: { pixelmesh: "./bin/pixelmesh.js" },
    files: ["bin", "dist", "models"],
    dependencies: {
      ...toRanges(names),
      ...Object.fromEntries(packages.sort().map((name) => [name, manifest.version])),
    },
    bundleDependencies: packages,
  };
  writeFileSync(join(dir, "package.json"), `${JSON.stringify(description, null, 2)}\n`);
  copyFileSync(join(root, "LICENSE"), join(dir, "LICENSE"));
  writeReadme("libs/cli", dir);
  return npmPack(dir, manifest);
}
