import { expect, test } from "vitest";
import { type KubeObject, workloadsOf } from "./objects.ts";
import { refusal, render } from "./render.ts";

const podOf = (profile: string, name: string, values: object = {}) =>
  workloadsOf(render({ profile, values }).objects).find((it) => it.name === name)?.pod.spec;
const zone = "topology.kubernetes.io/zone";
const zoneRule = (profile: string, name: string, values?: object) =>
  podOf(profile, name, values)?.topologySpreadConstraints?.find(({ topologyKey }) => topologyKey === zone);

test("GPU services prefer a spread over zones, because GPUs may be in one zone; other services keep their rule", () => {
  expect(zoneRule("prod", "upscale")?.whenUnsatisfiable).toBe("ScheduleAnyway");
  expect(zoneRule("prod", "effects")).toMatchObject({
    whenUnsatisfiable: "DoNotSchedule",
    nodeTaintsPolicy: "Honor",
    matchLabelKeys: ["pod-template-hash"],
  });
  // StatefulSets have no such label.
  expect(zoneRule("prod", "scheduler")?.matchLabelKeys).toBeUndefined();
});

test("a service's own spread has precedence, also with a GPU, and `false` removes one", () => {
  const own = (rule: object | false) => ({ services: { upscale: { topologySpread: { [zone]: rule } } } });
  expect(zoneRule("prod", "upscale", own({ maxSkew: 3, whenUnsatisfiable: "DoNotSchedule" }))).toMatchObject({
    maxSkew: 3,
    whenUnsatisfiable: "DoNotSchedule",
  });
  expect(zoneRule("prod", "effects", { services: { effects: { topologySpread: { [zone]: false } } } })).toBeUndefined();
});

test("services can take different resources, each with its own capacity", () => {
  const mig = "nvidia.com/mig-1g.10gb";
  const values = { gpu: { capacityOf: { [mig]: 2 } }, services: { background: { gpu: { resourceName: mig } } } };
  expect(podOf("gpu", "background", values)?.containers[0]?.resources?.limits).toMatchObject({ [mig]: 1 });
  expect(podOf("gpu", "upscale", values)?.containers[0]?.resources?.limits).toMatchObject({ "nvidia.com/gpu": 1 });
  const few = { ...values, gpu: { capacityOf: { [mig]: 1 } } };
  expect(refusal({ profile: "gpu", values: few })).toMatch(
    /`gpu\.capacityOf\[nvidia\.com\/mig-1g\.10gb\]` .* 2 of nvidia\.com\/mig-1g\.10gb \(background 2×1\), got `1`/,
  );
});

test("a service can get its GPUs by a claim of Dynamic Resource Allocation", () => {
  const claim = { deviceClassName: "gpu.nvidia.com", selectors: ["device.attributes['gpu.nvidia.com'].type == 'gpu'"] };
  const values = { gpu: { capacityOf: { "gpu.nvidia.com": 4 } }, services: { upscale: { gpu: { count: 1, claim } } } };
  const { objects } = render({ profile: "gpu", values });
  const template = objects.find(({ kind }) => kind === "ResourceClaimTemplate") as KubeObject & { spec: unknown };
  expect(template.metadata.name).toBe("mesh-pixelmesh-upscale-gpu");
  expect(template.spec).toEqual({
    spec: {
      devices: {
        requests: [
          {
            name: "gpu",
            exactly: {
              deviceClassName: "gpu.nvidia.com",
              allocationMode: "ExactCount",
              count: 1,
              selectors: [{ cel: { expression: claim.selectors[0] } }],
            },
          },
        ],
      },
    },
  });
  const pod = podOf("gpu", "upscale", values);
  expect(pod?.resourceClaims).toEqual([{ name: "gpu", resourceClaimTemplateName: template.metadata.name }]);
  expect(pod?.containers[0]?.resources).toMatchObject({ claims: [{ name: "gpu" }] });
  expect(pod?.containers[0]?.resources?.limits).not.toHaveProperty("nvidia.com/gpu");
  expect(refusal({ profile: "gpu", values, kubeVersion: "1.33.0" })).toMatch(/Kubernetes 1\.34 or newer/);
});

test("a claim template of your own is used as it is", () => {
  const claim = { templateName: "two-cards" };
  const values = { gpu: { capacityOf: { "two-cards": 4 } }, services: { upscale: { gpu: { claim } } } };
  const { objects } = render({ profile: "gpu", values });
  expect(objects.some(({ kind }) => kind === "ResourceClaimTemplate")).toBe(false);
  expect(podOf("gpu", "upscale", values)?.resourceClaims).toEqual([
    { name: "gpu", resourceClaimTemplateName: "two-cards" },
  ]);
});
