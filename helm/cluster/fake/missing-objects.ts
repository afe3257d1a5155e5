import type { IPod } from "kubernetes-models/v1/Pod";

/** A Secret, ConfigMap or claim that a pod needs before a kubelet can start it. */
export type Need = {
  readonly kind: "Secret" | "ConfigMap" | "PersistentVolumeClaim";
  readonly name: string;
  readonly keys: readonly string[];
};

/** Returns what the volumes and variables of a pod refer to, without optional references. */
export function needsOf(pod: Pick<IPod, "spec">): Need[] {
  return [...(pod.spec?.volumes ?? []).flatMap(volumeNeeds), ...containersOf(pod).flatMap(variableNeeds)];
}

type Volume = NonNullable<NonNullable<IPod["spec"]>["volumes"]>[number];
type Container = NonNullable<IPod["spec"]>["containers"][number];

const containersOf = ({ spec }: Pick<IPod, "spec">): Container[] => [
  ...((spec?.initContainers ?? []) as Container[]),
  ...(spec?.containers ?? []),
];

const keysOf = (items: { key: string }[] | undefined) => (items ?? []).map(({ key }) => key);

function volumeNeeds({ secret, configMap, persistentVolumeClaim, projected }: Volume): Need[] {
  const needs: Need[] = [];
  if (secret?.secretName && !secret.optional)
    needs.push({ kind: "Secret", name: secret.secretName, keys: keysOf(secret.items) });
  if (configMap?.name && !configMap.optional)
    needs.push({ kind: "ConfigMap", name: configMap.name, keys: keysOf(configMap.items) });
  if (persistentVolumeClaim)
    needs.push({ kind: "PersistentVolumeClaim", name: persistentVolumeClaim.claimName, keys: [] });
  for (const source of projected?.sources ?? []) {
    if (source.secret?.name && !source.secret.optional)
      needs.push({ kind: "Secret", name: source.secret.name, keys: keysOf(source.secret.items) });
    if (source.configMap?.name && !source.configMap.optional)
      needs.push({ kind: "ConfigMap", name: source.configMap.name, keys: keysOf(source.configMap.items) });
  }
  return needs;
}

function variableNeeds({ envFrom = [], env = [] }: Container): Need[] {
  const whole = envFrom.flatMap(({ secretRef, configMapRef }): Need[] => [
    ...(secretRef?.name && !secretRef.optional ? [{ kind: "Secret" as const, name: secretRef.name, keys: [] }] : []),
    ...(configMapRef?.name && !configMapRef.optional
      ? [{ kind: "ConfigMap" as const, name: configMapRef.name, keys: [] }]
      : []),
  ]);
  const single = env.flatMap(({ valueFrom }): Need[] => {
    const [secret, config] = [valueFrom?.secretKeyRef, valueFrom?.configMapKeyRef];
    return [
      ...(secret?.name && !secret.optional ? [{ kind: "Secret" as const, name: secret.name, keys: [secret.key] }] : []),
      ...(config?.name && !config.optional
        ? [{ kind: "ConfigMap" as const, name: config.name, keys: [config.key] }]
        : []),
    ];
  });
  return [...whole, ...single];
}

/** The keys of each object that exists, by `Kind/name`. */
export type ExistingObjects = ReadonlyMap<string, readonly string[]>;

/** Returns one line for each object or key that a pod needs and that does not exist. */
export function missingObjects(pod: Pick<IPod, "spec">, existing: ExistingObjects): string[] {
  return needsOf(pod).flatMap(({ kind, name, keys }) => {
    const found = existing.get(`${kind}/${name}`);
    if (found === undefined) return [`${kind} ${name} does not exist`];
    return keys.filter((key) => !found.includes(key)).map((key) => `${kind} ${name} has no key ${key}`);
  });
}
