import { expect, test } from "vitest";
import type { KubeObject } from "../../test/objects.ts";
import { profiles } from "../../test/render.ts";
import { copyChartWithNats } from "../chart/copy-chart.ts";
import { prerequisitesOf } from "../chart/prerequisites.ts";
import { readQuickstart } from "../chart/quickstart.ts";
import { installRelease, profileFlags, type Release } from "../chart/release.ts";
import { clusterObjects, connectCluster, objectsIn, restricted } from "../cluster.ts";
import { waitUntil } from "../control-plane/start-program.ts";
import { settledFaults } from "../faults.ts";

const api = connectCluster();
const chart = copyChartWithNats();
const quickstart = readQuickstart();

const scenarios = [
  ...profiles.map((profile) => ({
    name: profile,
    release: "mesh",
    flags: profileFlags(chart, profile),
    labels: restricted,
  })),
  { name: "quickstart", ...quickstart },
];

test("the documented namespace enforces the Pod Security Standard restricted", () =>
  expect(quickstart.labels).toEqual(restricted));

/** The claims that stay by the documentation: storage's own, and those of the NATS StatefulSet. */
function documentedLeftovers({ name }: Release, objects: readonly KubeObject[]): string[] {
  const kept = objects.filter(({ metadata }) => metadata.annotations?.["helm.sh/resource-policy"] === "keep");
  const templates = objects.filter(({ kind }) => kind === "StatefulSet") as (KubeObject & {
    spec: { replicas: number; volumeClaimTemplates?: { metadata: { name: string } }[] };
  })[];
  const claimed = templates.flatMap(({ metadata, spec }) =>
    (spec.volumeClaimTemplates ?? []).flatMap((claim) =>
      Array.from({ length: spec.replicas }, (_, at) => `${claim.metadata.name}-${metadata.name}-${at}`),
    ),
  );
  expect(kept.map(({ kind, metadata }) => `${kind}/${metadata.name}`)).toEqual([
    `PersistentVolumeClaim/${name}-pixelmesh-storage`,
  ]);
  expect(claimed.every((claim) => claim.startsWith(`${name}-nats-js-${name}-nats-`))).toBe(true);
  return [`${name}-pixelmesh-storage`, ...claimed].map((claim) => `PersistentVolumeClaim/${claim}`).sort();
}

const logLevel = async ({ namespace, name }: Release) =>
  (
    await api.get<{ data: Record<string, string> }>(
      `/api/v1/namespaces/${namespace}/configmaps/${name}-pixelmesh-upscale`,
    )
  ).data.PIXELMESH_LOG_LEVEL;

// Profiles run at the same time, because helm mostly waits. Each has a namespace of its own.
test.concurrent.each(scenarios)(
  "$name installs, changes, goes back and leaves what the documentation says",
  async ({ name, release: releaseName, flags, labels }) => {
    await using release = await installRelease(api, {
      chart,
      namespace: `profile-${name}`,
      name: releaseName,
      flags,
      labels,
    });
    const { namespace, objects } = release;
    expect(await settledFaults(api, namespace), "after install").toEqual([]);
    expect(await logLevel(release)).toBe("info");

    if (objects.some(({ metadata }) => metadata.annotations?.["helm.sh/hook"]?.includes("test")))
      expect(await release.test()).toMatch(/Phase:\s+Succeeded/);

    await release.upgrade("--set", "pod.logLevel=debug");
    expect(await settledFaults(api, namespace), "after upgrade").toEqual([]);
    expect(await logLevel(release)).toBe("debug");

    await release.rollback(1);
    expect(await settledFaults(api, namespace), "after rollback").toEqual([]);
    expect(await logLevel(release)).toBe("info");

    const before = new Set(await objectsIn(api, namespace));
    expect((await clusterObjects(api, namespace)).map((one) => one.split("/")[0])).toEqual(
      objects.some(({ kind }) => kind === "PriorityClass") ? ["PriorityClass"] : [],
    );
    const expectedLeft = documentedLeftovers(release, objects);
    expect(expectedLeft.filter((one) => !before.has(one))).toEqual([]);
    await release.uninstall();
    expect(await ownObjects(namespace, objects, expectedLeft)).toEqual(expectedLeft);
    expect(await clusterObjects(api, namespace)).toEqual([]);
  },
);

/** Returns the objects of a namespace without those of its owner and of the cluster, once they are the expected ones or after 30 s. */
async function ownObjects(namespace: string, rendered: readonly KubeObject[], expected: readonly string[]) {
  const others = new Set([
    "ServiceAccount/default",
    "ConfigMap/kube-root-ca.crt",
    ...prerequisitesOf(rendered, namespace).map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  ]);
  let left: string[] = [];
  const isClean = async () => {
    left = (await objectsIn(api, namespace)).filter((one) => !others.has(one));
    return left.join() === expected.join();
  };
  await waitUntil("only documented objects", isClean, { limitMs: 30_000, everyMs: 500 }).catch(() => {});
  return left;
}
