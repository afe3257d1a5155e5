import type { KubeObject } from "./objects.ts";

type Tree = { readonly [key: string]: unknown };

/**
 * The keys by which the API server merges the entries of a list (`x-kubernetes-list-map-keys` of its OpenAPI), by field. Helm 4 applies on
 * the server, which refuses two entries of one key.
 */
const keysOf: Readonly<Record<string, readonly string[]>> = {
  env: ["name"],
  containers: ["name"],
  initContainers: ["name"],
  volumes: ["name"],
  volumeMounts: ["mountPath"],
  imagePullSecrets: ["name"],
  resourceClaims: ["name"],
  claims: ["name"],
  topologySpreadConstraints: ["topologyKey", "whenUnsatisfiable"],
  hostAliases: ["ip"],
};
const portKeys = { containers: ["containerPort", "protocol"], spec: ["port", "protocol"] };

/** Returns every list with two entries of one key, and every list of plain values with two equal ones. */
export function duplicateFaults(objects: readonly KubeObject[]): string[] {
  return objects.flatMap((object) => walk(object as unknown as Tree, `${object.kind} ${object.metadata.name}`, ""));
}

function walk(value: unknown, path: string, parent: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one, at) => walk(one, `${path}[${at}]`, parent));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([field, child]) => [
    ...(Array.isArray(child) ? listFaults(child, field, parent).map((key) => `${path}.${field} has ${key} twice`) : []),
    ...walk(child, `${path}.${field}`, field),
  ]);
}

function listFaults(list: readonly unknown[], field: string, parent: string): string[] {
  const keys = field === "ports" ? portKeys[parent as keyof typeof portKeys] : keysOf[field];
  const ids = list.flatMap((entry) => {
    if (typeof entry !== "object" || entry === null)
      return field === "args" || field === "command" ? [] : [String(entry)];
    return keys === undefined ? [] : [keys.map((key) => (entry as Tree)[key] ?? "").join(" ")];
  });
  return ids.filter((id, at) => ids.indexOf(id) !== at);
}
