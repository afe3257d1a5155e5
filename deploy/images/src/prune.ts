import { globSync, readdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { type SourceManifest, toBuiltManifest } from "./built-manifest.ts";
import { listPackages, reachPackages } from "./packages.ts";

/** The target of a tree. */
export type Target = {
  readonly arch: "x64" | "arm64";
  readonly runsModels: boolean;
};

/** The inference runtime, which only trees that run models need. */
export const inferenceRuntime = ["onnxruntime-node", "onnxruntime-common"] as const;

const legal = /^(licen[cs]e|copying|notice|third.?party|authors|patents)/i;
const notRun =
  /(\.([cm]?ts|map|flow|html|ya?ml|md|markdown|h|cc|gyp|gypi|proto|zip|sh|dll|dylib)|\.(npm|git|prettier)ignore|\.editorconfig|\.eslintrc|\.nycrc|\.taprc)$/i;
const notRunDirs = ["test", "tests", "__tests__", "example", "examples", "benchmark", "benchmarks", "docs", ".github"];
/** Contracts of gRPC's own services and the gateway's pages, which are read at run time. */
const kept = /\/(proto-loader|grpc-js)\/.*\.(proto|json)$|\/console\/dist\/[^/]+\.html$/;

/** Removes files that a tree's processes never read. Files are links into the package store, so none is changed in place. */
export function prune(tree: string, { arch, runsModels }: Target): void {
  const reached = reachPackages(tree, runsModels ? [] : inferenceRuntime);
  for (const dir of listPackages(tree)) if (!reached.has(dir)) remove(dir);
  for (const dir of reached) for (const name of notRunDirs) remove(join(dir, name));
  const runtime = join(tree, "node_modules/onnxruntime-node");
  for (const name of ["lib", "script"]) remove(join(runtime, name));
  for (const path of globSync("bin/napi-*/*/*", { cwd: runtime }))
    if (!path.endsWith(join("linux", arch))) remove(join(runtime, path));
  for (const name of [".bin", ".pnpm", ".modules.yaml", ".pnpm-workspace-state-v1.json"])
    remove(join(tree, "node_modules", name));
  for (const name of ["pnpm-lock.yaml", "pnpm-workspace.yaml"]) remove(join(tree, name));
  for (const entry of readdirSync(tree, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isFile() && notRun.test(entry.name) && !kept.test(path) && !isLegal(path)) remove(path);
  }
  removeEmptyDirs(tree);
  cleanManifests(tree);
}

/** Whether a file is a licence text. The readme counts if the package has no other. */
function isLegal(path: string): boolean {
  const name = basename(path);
  if (/^readme\.md$/i.test(name)) return !readdirSync(dirname(path)).some((beside) => legal.test(beside));
  return legal.test(name);
}

function remove(path: string): void {
  rmSync(path, { recursive: true, force: true });
}

function removeEmptyDirs(dir: string): void {
  for (const entry of readdirSync(dir, { withFileTypes: true }))
    if (entry.isDirectory()) removeEmptyDirs(join(dir, entry.name));
  if (readdirSync(dir).length === 0) rmdirSync(dir);
}

/** Rewrites our own manifests, which name paths of the build machine and sources that are not in the tree. */
function cleanManifests(tree: string): void {
  for (const path of ["package.json", ...globSync("node_modules/@pixelmesh/*/package.json", { cwd: tree })]) {
    const file = join(tree, path);
    const source = JSON.parse(readFileSync(file, "utf8")) as SourceManifest;
    const versions = Object.entries(source.dependencies ?? {}).map(([key, value]) => [
      key,
      key.startsWith("@pixelmesh/") ? source.version : value,
    ]);
    const manifest = { ...toBuiltManifest(source), dependencies: Object.fromEntries(versions) };
    remove(file);
    writeFileSync(file, `${JSON.stringify(manifest, null, 2)}\n`);
  }
}
