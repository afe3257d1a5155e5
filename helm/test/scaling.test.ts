import { expect, test } from "vitest";
import type { KubeObject } from "./objects.ts";
import { render } from "./render.ts";

type Scaled = KubeObject & {
  spec: {
    minReplicaCount: number;
    maxReplicaCount: number;
    fallback: { replicas: number };
    triggers: { type: string; name: string; metadata: Record<string, string> }[];
    advanced: {
      horizontalPodAutoscalerConfig: {
        behavior: { scaleDown: { stabilizationWindowSeconds: number; policies: unknown[] } };
      };
    };
  };
};

const scaled = (profile: string, values: object = {}) =>
  render({ profile, values }).objects.filter(({ kind }) => kind === "ScaledObject") as Scaled[];

test("a worker scales by both its queues, and by the oldest wait if a Prometheus is configured", () => {
  const found = scaled("prod").find(({ metadata }) => metadata.name === "mesh-pixelmesh-background");
  expect(found?.spec.triggers.map(({ name }) => name)).toEqual(["interactive", "batch", "oldest-wait"]);
  expect(found?.spec.triggers[0]?.metadata).toMatchObject({
    natsServerMonitoringEndpoint: "mesh-nats-headless.pictures.svc.cluster.local:8222",
    stream: "WORK_BACKGROUND",
    consumer: "background_interactive",
    lagThreshold: "4",
  });
  expect(found?.spec.triggers[2]?.metadata.query).toBe(
    'max(pixelmesh_queue_oldest_wait_seconds{queue="background", namespace="pictures"}) or vector(0)',
  );
  expect(scaled("gpu")[0]?.spec.triggers.map(({ name }) => name)).toEqual(["interactive", "batch"]);
});

test("scaling down removes one pod at a time, no faster than a step can end, with a fallback of at least one", () => {
  for (const { metadata, spec } of scaled("prod")) {
    const { stabilizationWindowSeconds, policies } = spec.advanced.horizontalPodAutoscalerConfig.behavior.scaleDown;
    expect(stabilizationWindowSeconds, metadata.name).toBeGreaterThanOrEqual(
      metadata.name.endsWith("upscale") ? 600 : 300,
    );
    expect(policies).toMatchObject([{ type: "Pods", value: 1 }]);
    expect(spec.fallback.replicas).toBeGreaterThanOrEqual(1);
    expect(spec.fallback.replicas).toBeLessThanOrEqual(spec.maxReplicaCount);
  }
});

test("without KEDA the same workers scale by CPU, and without autoscaling none does", () => {
  const names = (kind: string, values: object) =>
    render({ profile: "no-keda", values })
      .objects.filter((it) => it.kind === kind)
      .map(({ metadata }) => metadata.name.slice("mesh-pixelmesh-".length))
      .sort();
  const workers = ["background", "effects", "ingest", "upscale"];
  expect(names("HorizontalPodAutoscaler", {})).toEqual(workers);
  expect(names("ScaledObject", { autoscaling: { mode: "keda" } })).toEqual(workers);
  expect(names("HorizontalPodAutoscaler", { autoscaling: { mode: "keda" } })).toEqual([]);
  expect(names("HorizontalPodAutoscaler", { autoscaling: { mode: "none" } })).toEqual([]);
});

test("the resource name of GPUs can be changed", () => {
  const values = { gpu: { resourceName: "nvidia.com/mig-1g.10gb" } };
  const pods = render({ profile: "gpu", values }).objects.filter(({ kind }) => kind === "Deployment");
  const limits = pods.map(
    (it) =>
      (it as unknown as { spec: { template: { spec: { containers: { resources: { limits: object } }[] } } } }).spec
        .template.spec.containers[0]?.resources.limits,
  );
  expect(limits.filter((one) => one && "nvidia.com/mig-1g.10gb" in one)).toHaveLength(2);
});

test("the HPA counts the service's container alone", () => {
  const { objects } = render({ profile: "extras" });
  const found = objects.filter(({ kind }) => kind === "HorizontalPodAutoscaler");
  expect(found.length).toBe(4);
  for (const { metadata, ...it } of found) {
    const role = metadata.name.slice("mesh-pixelmesh-".length);
    expect((it as unknown as { spec: object }).spec).toMatchObject({
      metrics: [{ type: "ContainerResource", containerResource: { name: "cpu", container: role } }],
    });
  }
});
