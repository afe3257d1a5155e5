import type { IPodTemplateSpec } from "kubernetes-models/v1/PodTemplateSpec";
import { type KubeObject, ofKind, toolPodsOf, type Workload, workloadsOf } from "./objects.ts";
import { roles } from "./roles.ts";

const preStopSeconds = 5;

/** Returns the faults of the rendered pods; empty if there are none. Every line of the pod template has a check. */
export function podFaults(objects: readonly KubeObject[]): string[] {
  const jobs = ofKind(objects, "Job").map((job) => ({
    name: job.metadata.name,
    pod: job.spec?.template as IPodTemplateSpec,
  }));
  const workloads = workloadsOf(objects);
  return [
    ...[...jobs, ...workloads, ...toolPodsOf(objects)].flatMap(({ name, pod }) =>
      [...restrictedFaults(pod), ...securityFaults(pod)].map((fault) => `${name}: ${fault}`),
    ),
    ...workloads.flatMap((it) =>
      [...probeFaults(it), ...stopFaults(it), ...wholeFaults(it)].map((fault) => `${it.name}: ${fault}`),
    ),
  ];
}

const check = (isCorrect: boolean, fault: string): string[] => (isCorrect ? [] : [fault]);

/** Returns what the restricted Pod Security Standard refuses (kubernetes.io/docs/concepts/security/pod-security-standards). */
export function restrictedFaults({ spec }: IPodTemplateSpec): string[] {
  const pod = spec?.securityContext;
  const volumes = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
  ];
  return [
    ...check(pod?.runAsNonRoot === true && pod.runAsUser !== 0, "may run as root"),
    ...check(pod?.seccompProfile?.type === "RuntimeDefault", "has no seccomp profile"),
    ...check(!spec?.hostNetwork && !spec?.hostPID && !spec?.hostIPC, "shares a namespace of the node"),
    ...check(
      (spec?.volumes ?? []).every((volume) =>
        Object.keys(volume).every((key) => key === "name" || volumes.includes(key)),
      ),
      "mounts the node's files",
    ),
    ...containersOf(spec).flatMap(({ name, securityContext }) => [
      ...check(securityContext?.allowPrivilegeEscalation === false, `${name} may gain privileges`),
      ...check(JSON.stringify(securityContext?.capabilities) === '{"drop":["ALL"]}', `${name} keeps capabilities`),
      ...check(!securityContext?.privileged, `${name} is privileged`),
    ]),
  ];
}

const containersOf = (spec: IPodTemplateSpec["spec"]) => [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])];

/** What our pods have besides: the user of their images, no token, no service links, images that cannot be written, bounds. */
function securityFaults({ spec }: IPodTemplateSpec): string[] {
  const pod = spec?.securityContext;
  return [
    ...check(pod?.runAsUser === 65532 && pod.fsGroup === 65532, "does not run as the user of its image"),
    ...check(spec?.automountServiceAccountToken === false, "has a service account's token"),
    ...check(spec?.enableServiceLinks === false, "has the namespace's services as variables"),
    ...containersOf(spec).flatMap(({ name, securityContext, resources, image, command }) => [
      ...check(securityContext?.readOnlyRootFilesystem === true, `${name} may write to its image`),
      ...check(resources?.limits?.memory !== undefined, `${name} has no memory limit`),
      ...check(
        resources?.requests?.memory !== undefined && resources.requests.cpu !== undefined,
        `${name} requests nothing`,
      ),
      ...check(!/:latest$/.test(image ?? "") && /[:@]/.test(image ?? ""), `${name} has an image without a version`),
      ...check(command === undefined || name === "toolbox", `${name} overrides the command`),
    ]),
  ];
}

/** Three probes with three services, on the number of the plaintext health port. */
function probeFaults({ role, pod }: Workload): string[] {
  const [container] = pod.spec?.containers ?? [];
  const healthPort = container?.ports?.find(({ name }) => name === "health")?.containerPort;
  const { startupProbe: startup, readinessProbe: ready, livenessProbe: live } = container ?? {};
  const readiness = role === "scheduler" ? "standby" : "readiness";
  return [
    ...check(startup?.grpc?.service === "startup", "the startup probe does not ask for startup"),
    ...check((startup?.periodSeconds ?? 0) * (startup?.failureThreshold ?? 0) >= 300, "has less than 5 min to start"),
    ...check(ready?.grpc?.service === readiness, `the readiness probe does not ask for ${readiness}`),
    ...check(live?.grpc?.service === "liveness", "the liveness probe checks more than liveness"),
    ...check((live?.periodSeconds ?? 0) * (live?.failureThreshold ?? 0) >= 60, "is killed within a minute of silence"),
    ...check(
      [startup, ready, live].every((probe) => probe?.grpc?.port === healthPort),
      "a probe is not on the health port",
    ),
  ];
}

/** Running work must end before the pod is killed: callers notice, steps end, direct calls end, connections close. */
function stopFaults({ role, pod, settings, object }: Workload): string[] {
  const [container] = pod.spec?.containers ?? [];
  const graceSeconds = Number(/^(\d+)s$/.exec(settings.PIXELMESH_STOP_GRACE ?? "")?.[1]);
  const waits = roles[role]?.takesSteps ? 2 : 1;
  const hasGpu = settings.NVIDIA_DRIVER_CAPABILITIES !== undefined;
  const rolling =
    object.kind === "Deployment"
      ? (object.spec as { strategy?: { rollingUpdate?: { maxSurge?: unknown } } }).strategy
      : undefined;
  return [
    ...check(container?.lifecycle?.preStop?.sleep?.seconds === preStopSeconds, "does not wait until callers notice"),
    ...check(
      (pod.spec?.terminationGracePeriodSeconds ?? 0) >= preStopSeconds + waits * graceSeconds + 25,
      "is killed before running work ends",
    ),
    ...check(!hasGpu || rolling?.rollingUpdate?.maxSurge === 0, "surges, and the surge pod waits for a GPU"),
  ];
}

/** Everything that a pod refers to exists, and the pod is spread and labelled. */
function wholeFaults({ role, pod, labels, settings, object, name }: Workload): string[] {
  const { spec, metadata } = pod;
  const [container] = spec?.containers ?? [];
  const volumes = new Set((spec?.volumes ?? []).map((volume) => volume.name));
  const mounts = container?.volumeMounts ?? [];
  const files = Object.entries(settings).filter(([key, value]) => /_(FILE|DIR)$/.test(key) && value.startsWith("/"));
  const selector = object.spec?.selector.matchLabels ?? {};
  const hasGpu = settings.NVIDIA_DRIVER_CAPABILITIES !== undefined;
  const gpus = [
    ...Object.keys(container?.resources?.limits ?? {}).filter((key) => key.includes("/")),
    ...(container?.resources?.claims ?? []),
  ];
  return [
    ...check(object.kind !== "Deployment" || role !== "scheduler", "is a scheduler whose pods have no stable names"),
    ...check(Object.keys(settings).length > 5, "has no settings"),
    ...check(
      /^[0-9a-f]{64}$/.test(metadata?.annotations?.["checksum/config"] ?? ""),
      "keeps running with old settings",
    ),
    ...check(
      mounts.every((mount) => volumes.has(mount.name)),
      "mounts a volume that does not exist",
    ),
    ...check(
      [...volumes].every((volume) => mounts.some((mount) => mount.name === volume)),
      "has a volume that it does not mount",
    ),
    ...files
      .filter(([, value]) => !mounts.some(({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`)))
      .map(([key, value]) => `${key} is ${value}, where nothing is mounted`),
    ...check(
      Object.keys(selector).sort().join() ===
        "app.kubernetes.io/component,app.kubernetes.io/instance,app.kubernetes.io/name",
      "selects by labels that change",
    ),
    ...check(
      Object.entries(selector).every(([key, value]) => labels[key] === value),
      "does not select its own pods",
    ),
    ...check(
      labels["app.kubernetes.io/component"] === name && labels["app.kubernetes.io/version"] !== undefined,
      "lacks its labels",
    ),
    ...check(
      settings.PIXELMESH_VERSION_LABEL === labels["app.kubernetes.io/version"],
      "has a version that differs from its label",
    ),
    ...check((spec?.topologySpreadConstraints ?? []).length > 0, "is not spread"),
    ...(spec?.topologySpreadConstraints ?? []).flatMap((rule) => [
      ...check(rule.nodeTaintsPolicy === "Honor", "counts nodes that it does not tolerate as places"),
      ...check(
        object.kind === "StatefulSet" || rule.matchLabelKeys?.join() === "pod-template-hash",
        "counts pods of the last revision as neighbours",
      ),
      ...check(!hasGpu || rule.whenUnsatisfiable === "ScheduleAnyway", "waits for a GPU in a zone without any"),
    ]),
    ...check(gpus.length === (hasGpu ? 1 : 0), "has GPUs without the provider, or the provider without GPUs"),
    ...check(!hasGpu || (spec?.tolerations ?? []).length > 0, "does not tolerate the taint of GPU nodes"),
  ];
}
