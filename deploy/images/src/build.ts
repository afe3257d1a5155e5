/**
 * `make dist`: builds the tree of each named role (default: all) in out/images/<role>, which its image has in /app, and the models in
 * out/images/models. A tree holds plain JavaScript and the packages of the lock file, without files that are not used at run time.
 * `--arch arm64` builds for another processor. `--flavour cuda` builds <role>-cuda with the CUDA provider, for roles that run models.
 */
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { addCuda } from "./cuda.ts";
import { type ImageName, images, isImageName } from "./images.ts";
import { writeModels } from "./models.ts";
import { root, stageDir, treeDir } from "./paths.ts";
import { prune } from "./prune.ts";
import { run } from "./run.ts";
import { writeStage } from "./stage.ts";
import { sizeBytes } from "./tree.ts";

type Options = { readonly arch: "x64" | "arm64"; readonly cuda: boolean };

/** Writes the tree of one role from the staged workspace. */
async function writeTree(role: ImageName, { arch, cuda }: Options): Promise<string> {
  const { dir, runsModels } = images[role];
  const tree = treeDir(cuda ? `${role}-cuda` : role);
  rmSync(tree, { recursive: true, force: true });
  // Flat, with copies of our packages, so that the tree can be moved. The development install links to the sources.
  const layout = ["--config.inject-workspace-packages=true", "--config.node-linker=hoisted"];
  const platform = ["--os=linux", `--cpu=${arch}`, "--libc=glibc"];
  run("pnpm", ["--filter", `./${dir}`, "deploy", tree, "--prod", ...layout, ...platform], stageDir);
  prune(tree, { arch, runsModels });
  copyFileSync(join(root, "LICENSE"), join(tree, "LICENSE"));
  if (runsModels) writeModels(join(tree, "models"));
  if (cuda) await addCuda(tree, arch);
  if (dir.startsWith("services/")) copyFileSync(join(root, "deploy/images/health.js"), join(tree, "health.js"));
  return tree;
}

function printSize(name: string, dir: string): void {
  const mib = (sizeBytes(dir) / 2 ** 20).toFixed(1);
  process.stdout.write(`dist: ${name.padEnd(16)} ${mib.padStart(6)} MiB  ${dir}\n`);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { arch: { type: "string", default: process.arch }, flavour: { type: "string", default: "cpu" } },
});
// Container engines call x64 amd64.
const arch = values.arch === "amd64" ? "x64" : values.arch;
const cuda = values.flavour === "cuda";
if (!cuda && values.flavour !== "cpu")
  throw new Error(`Expected --flavour to be cpu or cuda, got \`${values.flavour}\``);
if (arch !== "x64" && arch !== "arm64") throw new Error(`Expected --arch to be x64 or arm64, got \`${arch}\``);
const known = Object.keys(images).filter((name) => !cuda || (isImageName(name) && images[name].hasCuda));
const names = positionals.length > 0 ? positionals : [...known, "models"];
const unknown = names.find((name) => name !== "models" && !known.includes(name));
if (unknown !== undefined) throw new Error(`Expected roles among ${known.join(", ")}, models, got \`${unknown}\``);
const requested = names.filter(isImageName);
if (requested.length > 0) writeStage();
for (const role of requested) printSize(cuda ? `${role}-cuda` : role, await writeTree(role, { arch, cuda }));
if (names.includes("models")) {
  writeModels(treeDir("models"));
  printSize("models", treeDir("models"));
}
