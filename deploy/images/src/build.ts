/**
 * `make dist`: the tree of each role that is named (default: all) in out/images/<role>, as its image has it in /app. Plain JavaScript,
 * the packages of the lock file, nothing that is not run. `--arch arm64` for another processor than this one's.
 */
import { copyFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { root, stageDir, treeDir } from "./paths.ts";
import { prune } from "./prune.ts";
import { isRoleName, type RoleName, roles } from "./roles.ts";
import { run } from "./run.ts";
import { writeStage } from "./stage.ts";
import { sizeBytes } from "./tree.ts";

/** Writes the tree of one role from the stage. */
function writeTree(role: RoleName, arch: "x64" | "arm64"): string {
  const { dir, runsModels } = roles[role];
  const tree = treeDir(role);
  rmSync(tree, { recursive: true, force: true });
  // Flat and with copies of our packages: a tree that can be moved. The development install links to the sources instead.
  const layout = ["--config.inject-workspace-packages=true", "--config.node-linker=hoisted"];
  const platform = ["--os=linux", `--cpu=${arch}`, "--libc=glibc"];
  run("pnpm", ["--filter", `./${dir}`, "deploy", tree, "--prod", ...layout, ...platform], stageDir);
  prune(tree, { arch, runsModels });
  copyFileSync(join(root, "LICENSE"), join(tree, "LICENSE"));
  return tree;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { arch: { type: "string", default: process.arch } },
});
const { arch } = values;
if (arch !== "x64" && arch !== "arm64") throw new Error(`Expected --arch to be x64 or arm64, got \`${arch}\``);
const names = positionals.length > 0 ? positionals : Object.keys(roles);
const unknown = names.find((name) => !isRoleName(name));
if (unknown !== undefined) throw new Error(`Expected roles among ${Object.keys(roles).join(", ")}, got \`${unknown}\``);
writeStage();
for (const role of names.filter(isRoleName)) {
  const tree = writeTree(role, arch);
  process.stdout.write(`dist: ${role.padEnd(10)} ${(sizeBytes(tree) / 2 ** 20).toFixed(1).padStart(6)} MiB  ${tree}\n`);
}
