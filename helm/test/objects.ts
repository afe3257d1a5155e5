import type { IDeployment } from "kubernetes-models/apps/v1/Deployment";
import type { IStatefulSet } from "kubernetes-models/apps/v1/StatefulSet";
import type { IJob } from "kubernetes-models/batch/v1/Job";
import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import type { IPodDisruptionBudget } from "kubernetes-models/policy/v1/PodDisruptionBudget";
import type { IConfigMap } from "kubernetes-models/v1/ConfigMap";
import type { IPod } from "kubernetes-models/v1/Pod";
import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import type { IService } from "kubernetes-models/v1/Service";

/** A rendered Kubernetes object. */
export type KubeObject = {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
};

type Kinds = {
  Deployment: IDeployment;
  StatefulSet: IStatefulSet;
  Job: IJob;
  NetworkPolicy: INetworkPolicy;
  PodDisruptionBudget: IPodDisruptionBudget;
  ConfigMap: IConfigMap;
  Service: IService;
  Pod: IPod;
};

/** Returns the objects of one kind, without those of the NATS chart. */
export function ofKind<K extends keyof Kinds>(objects: readonly KubeObject[], kind: K): (Kinds[K] & KubeObject)[] {
  return objects.filter((it) => it.kind === kind && isOurs(it)) as unknown as (Kinds[K] & KubeObject)[];
}

/** Whether an object belongs to this chart, not to the NATS chart. */
export const isOurs = ({ metadata }: KubeObject): boolean =>
  metadata.labels?.["app.kubernetes.io/part-of"] === "pixelmesh";

/** A rendered service: its workload, its pod and the pod's settings. */
export type Workload = {
  readonly name: string;
  readonly role: string;
  readonly object: (IDeployment | IStatefulSet) & KubeObject;
  readonly pod: IPodTemplateSpec;
  readonly labels: Readonly<Record<string, string>>;
  /** The data of its ConfigMap. */
  readonly settings: Readonly<Record<string, string>>;
};

/** Returns every service of the mesh; the toolbox is none. */
export function workloadsOf(objects: readonly KubeObject[]): Workload[] {
  const configs = new Map(ofKind(objects, "ConfigMap").map((it) => [it.metadata.name, it.data ?? {}]));
  const isTool = ({ metadata }: KubeObject) => metadata.labels?.["app.kubernetes.io/component"] === "toolbox";
  return [...ofKind(objects, "Deployment").filter((it) => !isTool(it)), ...ofKind(objects, "StatefulSet")].map(
    (object) => {
      const pod = object.spec?.template as IPodTemplateSpec;
      const labels = pod.metadata?.labels ?? {};
      const from = pod.spec?.containers[0]?.envFrom?.[0]?.configMapRef?.name ?? "";
      return {
        name: labels["app.kubernetes.io/component"] ?? "",
        role: labels["pixelmesh.io/role"] ?? "",
        object,
        pod,
        labels,
        settings: configs.get(from) ?? {},
      };
    },
  );
}

/** Whether a selector (`matchLabels`, and `matchExpressions` with `In`) matches labels. */
export function selects(
  selector:
    | {
        matchLabels?: Record<string, string>;
        matchExpressions?: { key: string; operator: string; values?: string[] }[];
      }
    | undefined,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined) return false;
  return (
    Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value) &&
    (selector.matchExpressions ?? []).every(({ key, values }) => values?.includes(labels[key] ?? ""))
  );
}

/** Returns the pods with the command line: of the toolbox, and of `helm test`. */
export function toolPodsOf(
  objects: readonly KubeObject[],
): { readonly name: string; readonly pod: IPodTemplateSpec }[] {
  const toolbox = ofKind(objects, "Deployment").find(({ metadata }) => metadata.name.endsWith("-toolbox"));
  return [
    ...(toolbox ? [{ name: "toolbox", pod: toolbox.spec?.template as IPodTemplateSpec }] : []),
    ...ofKind(objects, "Pod").map((pod) => ({ name: pod.metadata.name, pod: pod as IPodTemplateSpec })),
  ];
}
