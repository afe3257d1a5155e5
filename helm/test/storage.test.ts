import { expect, test } from "vitest";
import { ofKind, workloadsOf } from "./objects.ts";
import { refusal, render } from "./render.ts";

const cold = { url: "s3://pictures/mesh", port: 9000 };
const renderWith = (storage: object, values: object = {}) =>
  render({ profile: "minimal", values: { ...values, services: { storage } } }).objects;

test("several storage replicas share a store, and each has a cache of its own instead of the claim", () => {
  const objects = renderWith({ replicas: 3, cold, persistence: { sizeGiB: 50 } });
  const storage = workloadsOf(objects).find(({ name }) => name === "storage");
  expect(storage?.object.spec?.replicas).toBe(3);
  expect(storage?.settings).toMatchObject({ PIXELMESH_STORAGE_COLD: cold.url, PIXELMESH_STORAGE_MAX: "46080MiB" });
  expect(storage?.pod.spec?.volumes?.find(({ name }) => name === "data")).toEqual({
    name: "data",
    emptyDir: { sizeLimit: "50Gi" },
  });
  expect(objects.filter(({ kind }) => kind === "PersistentVolumeClaim")).toEqual([]);
  expect(ofKind(objects, "PodDisruptionBudget").map(({ metadata }) => metadata.name)).toEqual([
    "mesh-pixelmesh-storage",
  ]);
});

test("one replica keeps its claim, also with a shared store", () => {
  const objects = renderWith({ cold });
  expect(objects.filter(({ kind }) => kind === "PersistentVolumeClaim")).toHaveLength(1);
});

test("network policies let storage reach the object store, on its port, and no other service", () => {
  const peers = [{ ipBlock: { cidr: "10.9.0.0/24" } }];
  const objects = renderWith({ cold }, { networkPolicy: { objectStore: peers } });
  const open = ofKind(objects, "NetworkPolicy").filter(({ spec }) =>
    (spec?.egress ?? []).some(({ ports = [] }) => ports.some(({ port }) => port === 9000)),
  );
  expect(open.map(({ metadata }) => metadata.name)).toEqual(["mesh-pixelmesh-storage"]);
  expect(open[0]?.spec?.egress).toContainEqual({ ports: [{ port: 9000, protocol: "TCP" }], to: peers });
});

test("a store of another kind is refused", () =>
  expect(refusal({ profile: "minimal", values: { services: { storage: { cold: { url: "ftp://a" } } } } })).toMatch(
    /\/services\/storage\/cold\/url.*pattern/,
  ));
