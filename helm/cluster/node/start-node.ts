import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import type { INode } from "kubernetes-models/v1/Node";
import type { ControlPlane } from "../control-plane/start-control-plane.ts";
import { waitUntil } from "../control-plane/start-program.ts";
import { createCgroup } from "./create-cgroup.ts";
import { place } from "./place.ts";
import { startContainerd } from "./start-containerd.ts";
import { startKubelet } from "./start-kubelet.ts";
import { startNameServer } from "./start-name-server.ts";

/** Adds the bridge of the pods, which the kubelet and the name server listen on before the first pod. */
export function addBridge(): void {
  const ip = (...args: string[]) => execFileSync("ip", args);
  ip("link", "set", "lo", "up");
  ip("link", "add", place.bridge, "type", "bridge");
  ip("addr", "add", `${place.address}/24`, "dev", place.bridge);
  ip("link", "set", place.bridge, "up");
}

/**
 * Starts a real node: containerd, a kubelet and a name server, and imports images. Needs root and the bridge. Resolves when the node is
 * Ready. Disposal ends these programs; the containers end with the process namespace.
 */
export async function startNode(
  dir: string,
  { api, kubeconfig }: ControlPlane,
  options: { readonly archive: string; readonly cgroup: string },
): Promise<AsyncDisposable> {
  await using stack = new AsyncDisposableStack();
  mkdirSync(dir, { recursive: true });
  const { program, socket } = await startContainerd(dir);
  stack.use(program);
  execFileSync("ctr", ["--address", socket, "--namespace", "k8s.io", "images", "import", options.archive], {
    stdio: ["ignore", "ignore", "pipe"],
  });
  const kubelet = stack.use(startKubelet({ dir, kubeconfig, socket, cgroup: createCgroup(options.cgroup) }));
  const nameServer = stack.use(startNameServer(dir, kubeconfig));

  const path = `/api/v1/nodes/${place.node}`;
  const isReady = async () => {
    const { status } = await api.get<INode>(path);
    return Boolean(status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True"));
  };
  await waitUntil("a Ready node", isReady, {
    programs: [kubelet, nameServer, program],
    limitMs: 120_000,
    everyMs: 500,
  });
  // Admission marks new nodes as not ready, and the controller that would remove the mark is off.
  await api.patch(path, { spec: { taints: [] } }, "merge");
  const owned = stack.move();
  return { [Symbol.asyncDispose]: () => owned.disposeAsync() };
}
