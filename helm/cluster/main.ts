/**
 * `node main.ts [--keep] [VITEST ARGUMENT…]`: starts a control plane with fake nodes, runs the tests of `test/` on it, and ends it, also on
 * Ctrl-C. With --keep it prints a kubeconfig and waits for Ctrl-C instead.
 */
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addDefinitions } from "./chart/definitions.ts";
import { startControlPlane } from "./control-plane/start-control-plane.ts";
import { addFakeNodes } from "./fake/nodes.ts";
import { startFakeKubelets } from "./fake/start-kubelets.ts";
import { startLoadBalancers } from "./fake/start-load-balancers.ts";
import { addStorageClasses, startProvisioner } from "./fake/start-provisioner.ts";
import { interrupted, runTests, runUntilSignal, say } from "./run-tests.ts";

async function main(args: readonly string[], stop: AbortSignal): Promise<number> {
  const startMs = performance.now();
  await using stack = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), "pixelmesh-kubernetes-"));
  stack.defer(() => rmSync(dir, { recursive: true, force: true }));
  const controlPlane = stack.use(await startControlPlane(dir));
  const { api, kubeconfig } = controlPlane;
  await addFakeNodes(api);
  await addStorageClasses(api);
  await addDefinitions(api);
  stack.use(startProvisioner(api));
  stack.use(startFakeKubelets(api));
  stack.use(startLoadBalancers(api));
  say(`control plane with fake nodes is ready after ${Math.round(performance.now() - startMs)} ms`);
  if (stop.aborted) return interrupted;
  if (!args.includes("--keep"))
    return await runTests(controlPlane, { dir, stop, args: ["helm/cluster/test/", ...args] });
  say(`export KUBECONFIG=${kubeconfig}`);
  await once(stop, "abort");
  return 0;
}

await runUntilSignal((stop) => main(process.argv.slice(2), stop));
