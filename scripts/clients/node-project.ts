import { cpSync, globSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packagesDir, root } from "../pack/paths.ts";
import { command } from "./command.ts";

/** An npm project outside of the workspace, in which our packages are installed. */
export type NodeProject = {
  readonly dir: string;
  /** Path of its Node. */
  readonly node: string;
};

/**
 * Makes an empty project with a release of Node, which npm has as a package, and installs our tarballs (`client`, `cli`), the compiler's types and
 * the examples. `dir` must lie outside of the checkout, so that nothing of the workspace is found.
 */
export async function createNodeProject(
  dir: string,
  nodeMajor: number,
  tarballs: readonly string[],
): Promise<NodeProject> {
  mkdirSync(dir, { recursive: true });
  writeFileSync(join(dir, "package.json"), `${JSON.stringify({ private: true, type: "module" })}\n`);
  const files = tarballs.map((name) => {
    const [file] = globSync(`pixelmesh-${name}-*.tgz`, { cwd: packagesDir });
    if (file === undefined) throw new Error(`Expected a tarball of ${name} in ${packagesDir}; run: make pack`);
    return join(packagesDir, file);
  });
  const runtime = `node-${process.platform}-${process.arch}@${nodeMajor}`;
  const install = ["install", "--no-audit", "--no-fund", "--save-exact"];
  // The runtime's install script would fetch CUDA libraries.
  const env = { ONNXRUNTIME_NODE_INSTALL: "skip" };
  await command("npm", [...install, ...files, runtime, `@types/node@${nodeMajor}`], { cwd: dir, env });
  cpSync(join(root, "examples/typescript"), join(dir, "examples"), { recursive: true });
  return { dir, node: join(dir, `node_modules/node-${process.platform}-${process.arch}/bin/node`) };
}
