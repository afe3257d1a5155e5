import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import type { KubeObject } from "../../test/objects.ts";
import { type Need, needsOf } from "../fake/missing-objects.ts";

/** Keys of the secrets that the chart's values refer to by name. */
const secretKeys = ["tls.crt", "tls.key", "ca.crt", "nats.creds", "tokens"];

/** Objects that a person creates before the release: what its pods need and the chart does not render. */
export function prerequisitesOf(objects: readonly KubeObject[], namespace: string): (KubeObject & { path: string })[] {
  const rendered = new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
  const pods = objects.flatMap(podTemplateOf);
  const needs = pods.flatMap((pod) => needsOf({ spec: pod.spec as never }));
  const missing = new Map(
    needs
      .filter(({ kind, name }) => !rendered.has(`${kind}/${name}`))
      .map((need) => [`${need.kind}/${need.name}`, need]),
  );
  return [...missing.values()].map((need) => toObject(need, namespace));
}

/** The RuntimeClasses that the pods name. They belong to the cluster. */
export function runtimeClassesOf(objects: readonly KubeObject[]): string[] {
  const names = objects.flatMap(podTemplateOf).flatMap(({ spec }) => spec?.runtimeClassName ?? []);
  return [...new Set(names)];
}

function podTemplateOf(object: KubeObject): IPodTemplateSpec[] {
  const { spec } = object as KubeObject & { spec?: { template?: IPodTemplateSpec } };
  if (object.kind === "Pod") return [object as unknown as IPodTemplateSpec];
  return ["Deployment", "StatefulSet", "Job"].includes(object.kind) && spec?.template ? [spec.template] : [];
}

function toObject({ kind, name, keys }: Need, namespace: string): KubeObject & { path: string } {
  const metadata = { name };
  const base = `/api/v1/namespaces/${namespace}`;
  const data = Object.fromEntries([...secretKeys, ...keys].map((key) => [key, "of the check"]));
  if (kind === "Secret")
    return { apiVersion: "v1", kind, metadata, stringData: data, path: `${base}/secrets` } as never;
  if (kind === "ConfigMap") return { apiVersion: "v1", kind, metadata, data, path: `${base}/configmaps` } as never;
  const spec = { accessModes: ["ReadWriteMany"], resources: { requests: { storage: "10Gi" } } };
  return { apiVersion: "v1", kind, metadata, spec, path: `${base}/persistentvolumeclaims` } as never;
}
