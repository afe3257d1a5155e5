import { expect, test } from "vitest";
import { isOurs, type KubeObject } from "./objects.ts";
import { schemaFaults, typeFaults } from "./openapi.ts";
import { profiles, render } from "./render.ts";

const all = profiles.flatMap((profile) => render({ profile }).objects.filter(isOurs));

test("every object is valid under the OpenAPI schemas of Kubernetes, KEDA and the Prometheus operator", async () => {
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
