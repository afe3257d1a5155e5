/**
 * `node main.ts [--keep] [VITEST ARGUMENT…]`, as root in namespaces of its own (see scripts/check-kubernetes.sh): starts a control plane and a real node,
 * runs the tests of `node/test/` on it, and ends it, also on Ctrl-C.
 */
import { once } from "node:events";
import { join } from "node:path";
import { roleNames } from "@pixelmesh/roles";
import { addDefinitions } from "../chart/definitions.ts";
import { findProgram, root } from "../control-plane/programs.ts";
import { startControlPlane } from "../control-plane/start-control-plane.ts";
import { addStorageClasses, startProvisioner } from "../fake/start-provisioner.ts";
import { interrupted, runTests, runUntilSignal, say } from "../run-tests.ts";
import { writeImages } from "./images.ts";
import { localVolume } from "./local-volume.ts";
import { place } from "./place.ts";
import { addBridge, startNode } from "./start-node.ts";

async function main(args: readonly string[], stop: AbortSignal): Promise<number> {
  const startMs = performance.now();
  const seconds = () => `${Math.round((performance.now() - startMs) / 1000)} s`;
  await using stack = new AsyncDisposableStack();
  const { PIXELMESH_NODE_DIR: dir, PIXELMESH_NODE_CGROUP: cgroup } = process.env;
  if (!dir || !cgroup)
    throw new Error("Expected PIXELMESH_NODE_DIR and PIXELMESH_NODE_CGROUP; run: make check-kubernetes");
  addBridge();
  const archive = await writeImages(join(dir, "images"), {
    roles: roleNames,
    prefix: `${place.registry}/pixelmesh/`,
    tag: "0.1.0",
    programs: [
      { reference: `${place.registry}/pause:1`, path: findProgram("pause") },
      { reference: "docker.io/library/nats:2.14.2-alpine", path: join(root, ".tools/bin/nats-server") },
    ],
  });
  say(`images are written after ${seconds()}`);
  if (stop.aborted) return interrupted;
  const controlPlane = stack.use(await startControlPlane(join(dir, "control-plane")));
  await addStorageClasses(controlPlane.api);
  await addDefinitions(controlPlane.api);
  stack.use(startProvisioner(controlPlane.api, localVolume(join(dir, "volumes"))));
  stack.use(await startNode(join(dir, "node"), controlPlane, { archive, cgroup }));
  say(`a real node is Ready after ${seconds()}`);
  if (stop.aborted) return interrupted;
  if (!args.includes("--keep"))
    return await runTests(controlPlane, { dir, stop, args: ["helm/cluster/node/test/", ...args] });
  say(`export KUBECONFIG=${controlPlane.kubeconfig}`);
  await once(stop, "abort");
  return 0;
}

await runUntilSignal((stop) => main(process.argv.slice(2), stop));
