import { spawnSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { treeDir } from "../src/paths.ts";
import { listFiles } from "../src/tree.ts";

/**
 * Shared libraries of the runtime bases (distroless cc: glibc, libgcc, libstdc++, libgomp). A binary that needs another one would start on
 * this machine and not in the image.
 */
export const baseLibraries: RegExp =
  /^(ld-linux[\w-]*\.so\.\d|lib(c|m|dl|rt|pthread|resolv)\.so\.\d+|lib(gcc_s|stdc\+\+|gomp)\.so\.\d)$/;

/** Returns the paths of the shared libraries that a binary loads at its start. */
export function librariesOf(file: string): string[] {
  const { stdout, status, stderr } = spawnSync("ldd", [file], { encoding: "utf8" });
  if (status !== 0) throw new Error(`ldd ${file}: ${stdout}${stderr}`);
  if (/not found/.test(stdout)) throw new Error(`${file} needs a missing library:\n${stdout}`);
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path as string);
}

/** Returns the folder of a role's tree. Throws if it was not built. */
export function builtTree(role: string): string {
  const tree = treeDir(role);
  if (!existsSync(tree)) throw new Error(`Expected ${tree}; build it with: make dist`);
  return tree;
}

/** Returns the native files of a tree. */
export function nativeFiles(tree: string): string[] {
  return listFiles(tree).filter((path) => /\.(node|so(\.\d+)*)$/.test(path));
}

/**
 * Writes a root file system with only Node and the libraries that it and the trees need: no shell, no tools. Replaces the distroless
 * base, which is not available without a registry.
 */
export function writeRootfs(dir: string, trees: readonly string[]): void {
  for (const name of ["dev", "etc", "nodejs/bin", "proc", "tmp"]) mkdirSync(join(dir, name), { recursive: true });
  for (const name of ["null", "zero", "urandom"]) writeFileSync(join(dir, "dev", name), "");
  writeFileSync(join(dir, "etc/passwd"), "nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n");
  writeFileSync(join(dir, "etc/group"), "nonroot:x:65532:\n");
  writeFileSync(join(dir, "etc/hosts"), "127.0.0.1 localhost\n::1 localhost\n");
  copyFileSync(process.execPath, join(dir, "nodejs/bin/node"));
  const files = [process.execPath, ...trees.flatMap(nativeFiles)];
  for (const library of new Set(files.flatMap(librariesOf))) {
    if (!baseLibraries.test(basename(library))) continue;
    mkdirSync(join(dir, dirname(library)), { recursive: true });
    copyFileSync(library, join(dir, library));
  }
}
