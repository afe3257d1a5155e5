import { expect, test } from "vitest";
import { connectCluster, createNamespace, objectsIn } from "../cluster.ts";
import { waitUntil } from "../control-plane/start-program.ts";
import { faultsIn } from "../faults.ts";

// These show that the cluster refuses what a real one refuses, and that the check sees it.
const api = connectCluster();

const allowed = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ["ALL"] },
  runAsNonRoot: true,
  seccompProfile: { type: "RuntimeDefault" },
};

async function deploy(namespace: string, pod: object, container: object = {}): Promise<void> {
  const labels = { app: "probe" };
  const containers = [{ name: "main", image: "example.com/probe", securityContext: allowed, ...container }];
  await api.create(`/apis/apps/v1/namespaces/${namespace}/deployments`, {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "probe" },
    spec: {
      replicas: 2,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers, ...pod } },
    },
  });
}

async function settled(namespace: string, pattern: RegExp): Promise<string[]> {
  let faults: string[] = [];
  const isSeen = async () => {
    faults = await faultsIn(api, namespace);
    return faults.some((one) => pattern.test(one));
  };
  await waitUntil(String(pattern), isSeen, { limitMs: 30_000 }).catch(() => {});
  return faults;
}

test.each([
  ["root", {}, { securityContext: {} }, /FailedCreate: .*violates PodSecurity "restricted/],
  ["no-node", { nodeSelector: { "example.com/pool": "none" } }, {}, /FailedScheduling: 0\/\d+ nodes are available/],
  [
    "no-gpu",
    { tolerations: [{ operator: "Exists" }] },
    { resources: { limits: { "nvidia.com/gpu": 5 } } },
    /FailedScheduling: .*Insufficient nvidia.com\/gpu/,
  ],
  [
    "no-secret",
    { volumes: [{ name: "tls", secret: { secretName: "absent" } }] },
    {},
    /FailedMount: Secret absent does not exist/,
  ],
  ["no-class", { runtimeClassName: "absent" }, {}, /FailedCreate: .*RuntimeClass "absent" not found/],
  ["no-account", { serviceAccountName: "absent" }, {}, /FailedCreate: .*serviceaccount "absent" not found/],
])("%s: the cluster refuses the pods and the check sees it", async (name, pod, container, pattern) => {
  await using namespace = await createNamespace(api, `refused-${name}`);
  await deploy(namespace.name, pod, container);
  const faults = await settled(namespace.name, pattern);
  expect(faults.filter((one) => pattern.test(one))).not.toEqual([]);
  expect(faults).toContainEqual(expect.stringMatching(/^probe: expected 2 ready replicas/));
});

test("an allowed Deployment becomes ready without a fault", async () => {
  await using namespace = await createNamespace(api, "allowed");
  const before = await objectsIn(api, namespace.name);
  await deploy(namespace.name, {});
  const isReady = async () => (await faultsIn(api, namespace.name)).length === 0;
  await waitUntil("ready pods", isReady, { limitMs: 30_000 });
  expect((await objectsIn(api, namespace.name)).filter((one) => !before.includes(one))).toEqual([
    "Deployment/probe",
    expect.stringMatching(/^Pod\/probe-/),
    expect.stringMatching(/^Pod\/probe-/),
  ]);
});
