import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { isOurs, type KubeObject } from "./objects.ts";
import { copyChart, profiles, render } from "./render.ts";

type Spec = KubeObject & { spec?: Record<string, unknown> };

/** Fields that Kubernetes cannot change in place, by kind. An upgrade that changes one fails half-way. */
const immutable: Readonly<Record<string, readonly string[]>> = {
  Deployment: ["selector"],
  StatefulSet: ["selector", "serviceName", "podManagementPolicy", "volumeClaimTemplates"],
  Service: ["clusterIP", "type"],
  PersistentVolumeClaim: ["accessModes", "storageClassName", "volumeName", "volumeMode"],
};

const golden = JSON.parse(readFileSync(new URL("immutable.json", import.meta.url), "utf8")) as Record<string, unknown>;
const keyOf = ({ kind, metadata }: KubeObject) => `${kind}/${metadata.name}`;

function fixedPart(object: Spec): unknown {
  return Object.fromEntries((immutable[object.kind] ?? []).map((field) => [field, object.spec?.[field]]));
}

/** A copy of the chart with the version of its next release. */
const next = copyChart((dir) => {
  const path = join(dir, "Chart.yaml");
  const text = readFileSync(path, "utf8");
  const bumped = text.replace(/^version: .*$/m, "version: 0.2.0").replace(/^appVersion: .*$/m, 'appVersion: "0.2.0"');
  expect(bumped).not.toBe(text);
  writeFileSync(path, bumped);
});

test.each(profiles)("%s: the next release has the same objects, and none must be recreated", (profile) => {
  const [before, after] = [render({ profile }).objects, render({ profile, chart: next }).objects];
  expect(after.map(keyOf)).toEqual(before.map(keyOf));
  expect(after.map(fixedPart as (it: KubeObject) => unknown)).toEqual(
    before.map(fixedPart as (it: KubeObject) => unknown),
  );
});

test.each(["prod", "no-keda"])("%s: immutable fields equal those of the first release", (profile) => {
  // A changed selector makes every upgrade fail. For an intended change, write immutable.json again and note it in the changelog.
  const fixed = render({ profile })
    .objects.filter(isOurs)
    .filter(({ kind }) => immutable[kind]);
  const found = Object.fromEntries(fixed.map((object) => [keyOf(object), fixedPart(object as Spec)]));
  expect(JSON.parse(JSON.stringify(found))).toEqual(golden[profile]);
});

test("an upgrade changes pods only by image and settings, and never the store's claim", () => {
  const pods = (chart?: string) =>
    render({ profile: "prod", ...(chart ? { chart } : {}) }).objects.filter(
      ({ kind }) => kind === "Deployment" || kind === "StatefulSet",
    ) as Spec[];
  const changed = pods(next).filter((it, at) => {
    const strip = ({ spec }: Spec) =>
      JSON.stringify(spec).replaceAll(/"(helm.sh\/chart|app.kubernetes.io\/version)":"[^"]*"/g, "");
    return strip(it) !== strip(pods()[at] as Spec);
  });
  // In this profile every image has a digest and a version label, so nothing else may differ.
  expect(changed.map(keyOf)).toEqual([]);
});

test.each([
  ["a larger store", { services: { storage: { persistence: { sizeGiB: 900 } } } }],
  ["more schedulers", { services: { scheduler: { replicas: 3 } } }],
  ["GPUs", { gpu: { capacity: 8 }, services: { upscale: { gpu: { enabled: true } } } }],
  ["TLS", { tls: { secretName: "pixelmesh-tls" } }],
  ["another way to scale", { autoscaling: { mode: "hpa" } }],
])("%s can be changed in place", (_, values) => {
  const before = new Map(render({ profile: "minimal" }).objects.map((it) => [keyOf(it), fixedPart(it as Spec)]));
  for (const object of render({ profile: "minimal", values }).objects)
    if (before.has(keyOf(object))) expect(fixedPart(object as Spec), keyOf(object)).toEqual(before.get(keyOf(object)));
});
