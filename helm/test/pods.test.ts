import { describe, expect, test } from "vitest";
import { ofKind, workloadsOf } from "./objects.ts";
import { podFaults } from "./pod-faults.ts";
import { profiles, render } from "./render.ts";

describe.each(profiles)("%s", (profile) => {
  const { objects } = render({ profile });
  const workloads = workloadsOf(objects);

  test("every pod is restricted, probed, drained, spread and labelled", () => expect(podFaults(objects)).toEqual([]));

  test("no secret is rendered, and no object that only an administrator may create", () => {
    const kinds = new Set(objects.map(({ kind }) => kind));
    for (const kind of [
      "Secret",
      "ClusterRole",
      "ClusterRoleBinding",
      "Role",
      "RoleBinding",
      "CustomResourceDefinition",
    ])
      expect(kinds).not.toContain(kind);
    if (profile !== "prod") expect(kinds).not.toContain("PriorityClass");
  });

  test("exactly the services that always have several replicas have a disruption budget", () => {
    const scaled = new Map(
      objects
        .filter(({ kind }) => kind === "HorizontalPodAutoscaler" || kind === "ScaledObject")
        .map((it) => {
          const { minReplicas, minReplicaCount } = (it as unknown as { spec: Record<string, number> }).spec;
          return [it.metadata.name, minReplicas ?? minReplicaCount ?? 0];
        }),
    );
    const replicated = workloads
      .filter(({ object }) => (object.spec?.replicas ?? scaled.get(object.metadata.name) ?? 1) > 1)
      .map(({ object }) => object.metadata.name);
    const budgets = ofKind(objects, "PodDisruptionBudget");
    expect(budgets.map(({ metadata }) => metadata.name).sort()).toEqual(replicated.sort());
    for (const { spec } of budgets)
      expect(spec).toMatchObject({ maxUnavailable: 1, unhealthyPodEvictionPolicy: "AlwaysAllow" });
  });

  test("replicas are set by the autoscaler or by the chart, never by both", () => {
    const targets = objects
      .filter(({ kind }) => kind === "HorizontalPodAutoscaler" || kind === "ScaledObject")
      .map((it) => (it as unknown as { spec: { scaleTargetRef: { name: string } } }).spec.scaleTargetRef.name);
    for (const { object } of workloads)
      expect(object.spec?.replicas === undefined, object.metadata.name).toBe(targets.includes(object.metadata.name));
  });
});

test("a digest has precedence over a tag, and a service with a GPU has another image", () => {
  const imageOf = (profile: string, name: string) =>
    workloadsOf(render({ profile }).objects).find((it) => it.name === name)?.pod.spec?.containers[0]?.image;
  expect(imageOf("prod", "upscale")).toMatch(/^registry\.example\.com\/team\/pixelmesh\/upscale@sha256:0+4$/);
  expect(imageOf("gpu", "upscale")).toBe("registry.example.com/team/pixelmesh/upscale:0.1.0-cuda");
  expect(imageOf("external-nats", "upscale-canary")).toBe("registry.example.com/team/pixelmesh/upscale:0.2.0-rc.1");
});

test("every image of production has a digest", () => {
  const { objects } = render({ profile: "prod" });
  const pods = [
    ...workloadsOf(objects).map(({ pod }) => pod),
    ...ofKind(objects, "Job").map(({ spec }) => spec?.template),
  ];
  const images = pods.flatMap((pod) => [
    ...[...(pod?.spec?.initContainers ?? []), ...(pod?.spec?.containers ?? [])].map(({ image }) => image),
    ...(pod?.spec?.volumes ?? []).flatMap(({ image }) => (image ? [image.reference] : [])),
  ]);
  expect(images.length).toBeGreaterThan(8);
  for (const image of images) expect(image).toMatch(/@sha256:[0-9a-f]{64}$/);
});

test("two releases of one worker differ in version label and setting only", () => {
  const found = workloadsOf(render({ profile: "external-nats" }).objects).filter(({ role }) => role === "upscale");
  expect(found.map(({ name, labels }) => [name, labels["app.kubernetes.io/version"]])).toEqual([
    ["upscale", "0.1.0-rc.2"],
    ["upscale-canary", "0.2.0-rc.1"],
  ]);
  const [one, other] = found;
  expect(other?.settings).toEqual({
    ...one?.settings,
    PIXELMESH_LOG_LEVEL: "debug",
    PIXELMESH_VERSION_LABEL: "0.2.0-rc.1",
  });
});

test("changed settings restart the pods of their service only", () => {
  const sums = (values: object) =>
    new Map(
      workloadsOf(render({ profile: "minimal", values }).objects).map(({ name, pod }) => [
        name,
        pod.metadata?.annotations?.["checksum/config"],
      ]),
    );
  const [before, after] = [
    sums({}),
    sums({ services: { upscale: { env: { PIXELMESH_UPSCALE_PRELOAD: "pixelmesh-sr-x2" } } } }),
  ];
  expect([...before.keys()].filter((name) => before.get(name) !== after.get(name))).toEqual(["upscale"]);
});

test("further objects are rendered as templates", () => {
  const values = {
    extraObjects: [{ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "{{ .Release.Name }}-mine" } }],
  };
  expect(render({ profile: "minimal", values }).objects.map(({ metadata }) => metadata.name)).toContain("mesh-mine");
});

test("`merge` overrides the rendered workload", () => {
  const values = {
    services: { storage: { merge: { spec: { minReadySeconds: 7, template: { spec: { hostname: "mine" } } } } } },
  };
  const storage = workloadsOf(render({ profile: "minimal", values }).objects).find(({ name }) => name === "storage");
  expect(storage?.object.spec).toMatchObject({
    minReadySeconds: 7,
    template: { spec: { hostname: "mine", automountServiceAccountToken: false } },
  });
});
