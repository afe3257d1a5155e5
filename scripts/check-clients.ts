/**
 * `make check-clients`: installs the packages of `make pack` in empty projects, outside of the checkout, and uses them as strangers do: types, imports,
 * a mesh that the installed command line starts, and every example against it. Steps without their tools are skipped and listed at the end.
 */
import { globSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkTarball, checkTypes } from "./clients/check-package.ts";
import { checkGo, checkGrpc, checkPython, checkRest, runNodeExamples } from "./clients/examples.ts";
import { measureImports } from "./clients/import-times.ts";
import { type InstalledMesh, startInstalledMesh } from "./clients/installed-mesh.ts";
import { createNodeProject, type NodeProject } from "./clients/node-project.ts";
import { skippedSteps, step } from "./clients/steps.ts";
import { packagesDir } from "./pack/paths.ts";

const dir = mkdtempSync(join(tmpdir(), "pixelmesh-clients-"));
const within = (name: string) => {
  const path = join(dir, name);
  mkdirSync(path, { recursive: true });
  return path;
};
let mesh: InstalledMesh | undefined;
try {
  await step("manifest and types of the tarball", async () => {
    const [tarball] = globSync("pixelmesh-client-*.tgz", { cwd: packagesDir });
    await checkTarball(join(packagesDir, "client"), join(packagesDir, `${tarball}`));
  });
  let projects: readonly NodeProject[] = [];
  await step("install on Node 22 and 24", async () => {
    projects = [
      await createNodeProject(within("node22"), 22, ["client"]),
      await createNodeProject(within("node24"), 24, ["client", "cli"]),
    ];
  });
  const [node22, node24] = projects as [NodeProject, NodeProject];
  await step("types as nodenext and bundler", () => checkTypes(node24));
  await step("pixelmesh up from the package", async () => {
    mesh = await startInstalledMesh(node24);
  });
  const running = mesh as unknown as InstalledMesh;
  await step("examples on Node 22", () => runNodeExamples(node22, running));
  await step("examples on Node 24", () => runNodeExamples(node24, running));
  await step("Python: types, tests, example", () => checkPython(within("python"), running));
  await step("Go example", () => checkGo(within("go"), running));
  await step("gRPC example with buf curl", () => checkGrpc(dir, running));
  await step("HTTP example with curl", () => checkRest(dir, running));
  for (const [name, project] of [
    ["22", node22],
    ["24", node24],
  ] as const)
    console.log(`check-clients: Node ${name}: ${await measureImports(project)}`);
} finally {
  await mesh?.stop();
  rmSync(dir, { recursive: true, force: true });
}
for (const line of skippedSteps()) console.log(`check-clients: NOT CHECKED: ${line}`);
