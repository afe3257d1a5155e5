import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import { expect, test } from "vitest";
import { restrictedFaults } from "./pod-faults.ts";
import { chartDir, hasNatsChart, refusal, render } from "./render.ts";

if (!hasNatsChart) console.log("nats.test.ts: SKIPPED, the pods of the NATS chart, which is not here (make chart)");

const workloads = (profile: string) =>
  render({ profile }).objects.filter(({ kind, metadata }) => kind === "StatefulSet" && metadata.name === "mesh-nats");

test.skipIf(!hasNatsChart).each(["no-keda", "prod"])("%s: the pods of NATS meet the restricted standard", (profile) => {
  const found = workloads(profile) as unknown as { spec: { template: IPodTemplateSpec } }[];
  expect(found).toHaveLength(1);
  for (const { spec } of found) {
    expect(spec.template.spec?.containers.length).toBeGreaterThanOrEqual(profile === "prod" ? 3 : 2);
    expect(restrictedFaults(spec.template)).toEqual([]);
  }
});

test("without the NATS chart inside, `nats.enabled` is refused with what to do", () => {
  expect(refusal({ profile: "no-keda", chart: chartDir })).toMatch(
    /Install the package of `make chart`, or name your own NATS/,
  );
});

test.each([
  [
    { nats: { config: { jetstream: { fileStore: { pvc: { size: "4Gi" } } } } } },
    /pvc\.size` to be at least 10\/9 .*4GiB, got `4Gi`/,
  ],
  [{ nats: { config: { jetstream: { fileStore: { pvc: { size: "20Gi" }, maxSize: "1Gi" } } } } }, /4GiB, got `1Gi`/],
  [{ env: { PIXELMESH_NATS_STORE_MAX: "40GiB" } }, /PIXELMESH_NATS_STORE_MAX of \w+, 40GiB, got `20Gi`/],
  [{ services: { ingest: { env: { PIXELMESH_NATS_STORE_MAX: "19GiB" } } } }, /of ingest, 19GiB, got `20Gi`/],
  [{ nats: { config: { jetstream: { enabled: false } } } }, /`nats\.config\.jetstream\.enabled`.*got false/],
  [{ nats: { config: { jetstream: { fileStore: { enabled: false } } } } }, /`fileStore\.enabled` to be true/],
] as const)("%j: a store that is too small for the streams is refused", (values, words) =>
  expect(refusal({ profile: "no-keda", values })).toMatch(words),
);

test("a small store is accepted where the bound is small, and the Job provisions with that bound", () => {
  const values = {
    env: { PIXELMESH_NATS_STORE_MAX: "900MB" },
    nats: { config: { jetstream: { fileStore: { pvc: { size: "1Gi" } } } } },
  };
  const { objects } = render({ profile: "no-keda", values });
  const [job] = objects.filter(({ kind, metadata }) => kind === "Job" && metadata.name.endsWith("-provision"));
  expect(JSON.stringify(job)).toContain('{"name":"PIXELMESH_NATS_STORE_MAX","value":"900MB"}');
});

test("each release names itself to its NATS account", () => {
  const ownerOf = (options: object) =>
    /"PIXELMESH_NATS_OWNER":"([^"]*)"/.exec(JSON.stringify(render({ profile: "minimal", ...options }).objects))?.[1];
  expect(ownerOf({})).toBe("pictures/mesh-pixelmesh");
  expect(ownerOf({ release: "other" })).toBe("pictures/other-pixelmesh");
  expect(ownerOf({ values: { broker: { owner: "shared" } } })).toBe("shared");
});
