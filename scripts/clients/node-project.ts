import { cpSync, existsSync, globSync, mkdirSync, writeFileSync } from "node:fs";
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
  // The runtime's install script would fetch CUDA libraries. npm trusts what the system trusts, and gives up soon without a network.
  const env = {
    ONNXRUNTIME_NODE_INSTALL: "skip",
    NODE_EXTRA_CA_CERTS: process.env.NODE_EXTRA_CA_CERTS ?? systemCertificates(),
    npm_config_fetch_retries: "2",
    npm_config_fetch_retry_mintimeout: "1000",
    npm_config_fetch_retry_maxtimeout: "5000",
  };
  await command("npm", [...install, ...files, runtime, `@types/node@${nodeMajor}`], { cwd: dir, env });
  cpSync(join(root, "examples/typescript"), join(dir, "examples"), { recursive: true });
  return { dir, node: join(dir, `node_modules/node-${process.platform}-${process.arch}/bin/node`) };
}

/** Returns the file of the certificates that Debian trusts; undefined where there is none. */
function systemCertificates(): string | undefined {
  const path = "/etc/ssl/certs/ca-certificates.crt";
  return existsSync(path) ? path : undefined;
}
