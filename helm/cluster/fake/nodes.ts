import type { KubeApi } from "../control-plane/kube-api.ts";

/** A node without a kubelet. */
export type FakeNode = { readonly name: string; readonly zone: string; readonly gpus: number };

/** Two plain nodes in each of three zones, and nodes with four GPUs each in one zone only, as many clusters have them. */
export const fakeNodes: readonly FakeNode[] = [
  ...["a", "b", "c"].flatMap((zone) => [1, 2].map((at) => ({ name: `plain-${zone}${at}`, zone, gpus: 0 }))),
  ...[1, 2, 3, 4].map((at) => ({ name: `gpu-a${at}`, zone: "a", gpus: 4 })),
];

/** Adds nodes that the scheduler takes for ready. Those with GPUs have the taint and the label that the chart's `gpu` values name. */
export async function addFakeNodes(api: KubeApi, nodes: readonly FakeNode[] = fakeNodes): Promise<void> {
  for (const node of nodes) {
    const path = `/api/v1/nodes/${node.name}`;
    await api.create("/api/v1/nodes", {
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: node.name, labels: labelsOf(node) },
    });
    // Admission marks new nodes as not ready, and the controller that would remove the mark is off.
    const taints = node.gpus > 0 ? [{ key: "nvidia.com/gpu", value: "present", effect: "NoSchedule" }] : [];
    await api.patch(path, { spec: { taints } }, "merge");
    await api.patch(`${path}/status`, { status: statusOf(node) });
  }
}

const labelsOf = ({ name, zone, gpus }: FakeNode) => ({
  "kubernetes.io/hostname": name,
  "kubernetes.io/os": "linux",
  "kubernetes.io/arch": "amd64",
  "topology.kubernetes.io/zone": `zone-${zone}`,
  ...(gpus > 0 ? { "example.com/pool": "gpu" } : {}),
});

function statusOf({ gpus }: FakeNode) {
  const size = { cpu: "64", memory: "256Gi", pods: "200", "ephemeral-storage": "500Gi" };
  const resources = gpus > 0 ? { ...size, "nvidia.com/gpu": String(gpus) } : size;
  const now = new Date().toISOString();
  const ready = { type: "Ready", status: "True", reason: "FakeNode", lastHeartbeatTime: now, lastTransitionTime: now };
  return { capacity: resources, allocatable: resources, conditions: [ready] };
}
