import { expect, test } from "vitest";
import { isOurs, type KubeObject } from "./objects.ts";
import { schemaFaults, typeFaults } from "./openapi.ts";
import { profiles, render } from "./render.ts";

/** Objects that no profile has: they need controllers that few clusters run. */
const rare = [
  { profile: "mtls", values: { tls: { certificate: { create: true, issuer: { name: "mesh-ca" } } } } },
  {
    profile: "gpu",
    values: {
      gpu: { capacityOf: { "gpu.nvidia.com": 4 } },
      services: { upscale: { gpu: { claim: { deviceClassName: "gpu.nvidia.com", selectors: ["true"] } } } },
    },
  },
];
const all = [...profiles.map((profile) => ({ profile })), ...rare].flatMap((options) =>
  render(options).objects.filter(isOurs),
);

test("every kind of object that the chart can render is here", () => {
  const kinds = new Set(all.map(({ kind }) => kind));
  for (const kind of ["Ingress", "GRPCRoute", "HTTPRoute", "Certificate", "ResourceClaimTemplate", "Pod"])
    expect(kinds).toContain(kind);
});

test("every object is valid under the OpenAPI schemas of Kubernetes, KEDA, the Prometheus operator, Gateway API and cert-manager", async () => {
  const faults = await Promise.all(all.map(schemaFaults));
  expect(all.length).toBeGreaterThan(200);
  expect(faults.flat()).toEqual([]);
});

test("no object has an unknown field", () => expect(typeFaults(all)).toEqual([]));

test("wrong types, missing fields and unknown fields are reported", async () => {
  const broken = structuredClone(all.find(({ kind }) => kind === "Deployment")) as KubeObject & {
    spec: Record<string, unknown>;
  };
  broken.spec.minReadySeconds = "soon";
  expect(await schemaFaults(broken)).toHaveLength(1);
  delete broken.spec.minReadySeconds;
  delete broken.spec.selector;
  expect(await schemaFaults(broken)).toHaveLength(1);
  expect(
    typeFaults([{ ...broken, spec: { ...broken.spec, selector: {}, replica: 2 } } as KubeObject]).join(),
  ).toContain('"replica"');
});
