import { expect, test } from "vitest";
import { missingObjects } from "./missing-objects.ts";

const pod = (spec: object, container: object = {}) => ({
  spec: { containers: [{ name: "main", image: "example.com/main", ...container }], ...spec },
});
const existing = new Map([
  ["Secret/tls", ["tls.crt", "tls.key"]],
  ["ConfigMap/settings", ["LEVEL"]],
]);

test("objects and keys that exist are not missing", () => {
  const volumes = [{ name: "tls", secret: { secretName: "tls", items: [{ key: "tls.crt", path: "tls.crt" }] } }];
  const env = [{ name: "LEVEL", valueFrom: { configMapKeyRef: { name: "settings", key: "LEVEL" } } }];
  expect(
    missingObjects(pod({ volumes }, { env, envFrom: [{ configMapRef: { name: "settings" } }] }), existing),
  ).toEqual([]);
});

test("absent secrets, claims and keys are named, of init containers too", () => {
  const volumes = [
    { name: "tokens", secret: { secretName: "tokens" } },
    { name: "data", persistentVolumeClaim: { claimName: "data" } },
    { name: "all", projected: { sources: [{ secret: { name: "tls", items: [{ key: "ca.crt", path: "ca.crt" }] } }] } },
  ];
  const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "tls", key: "token" } } }];
  const initContainers = [{ name: "init", image: "example.com/init", env }];
  expect(missingObjects(pod({ volumes, initContainers }), existing)).toEqual([
    "Secret tokens does not exist",
    "PersistentVolumeClaim data does not exist",
    "Secret tls has no key ca.crt",
    "Secret tls has no key token",
  ]);
});

test("optional references may be absent", () => {
  const volumes = [{ name: "extra", configMap: { name: "extra", optional: true } }];
  const env = [{ name: "TOKEN", valueFrom: { secretKeyRef: { name: "none", key: "token", optional: true } } }];
  expect(
    missingObjects(pod({ volumes }, { env, envFrom: [{ secretRef: { name: "none", optional: true } }] }), existing),
  ).toEqual([]);
});
