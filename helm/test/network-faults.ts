import type { INetworkPolicy } from "kubernetes-models/networking.k8s.io/v1/NetworkPolicy";
import { type KubeObject, ofKind, selects, type Workload, workloadsOf } from "./objects.ts";

type Rule = { from?: Peer[]; to?: Peer[]; ports?: { port?: number | string }[] };
type Peer = { podSelector?: Parameters<typeof selects>[0]; namespaceSelector?: object; ipBlock?: { cidr: string } };

/** Returns `caller -> service:port` for every address in the settings, and for calls between replicas of ingest, which have no setting. */
export function neededEdges(workloads: readonly Workload[]): string[] {
  const byService = new Map(workloads.map((it) => [it.object.metadata.name, it]));
  const edges = workloads.flatMap(({ name, settings }) =>
    Object.entries(settings)
      .filter(([key]) => key.endsWith("_ADDRESS"))
      .flatMap(([, value]) => value.split(","))
      .map((address) => {
        const [, host = "", port = ""] = /^dns:\/\/\/([^:]+):(\d+)$/.exec(address) ?? [];
        const target = byService.get(host.split(".").at(-1) ?? "");
        return `${name} -> ${target?.name ?? `no service at ${address}`}:${port}`;
      }),
  );
  const ingest = workloads.filter(({ role }) => role === "ingest");
  const asked = ingest.flatMap((one) =>
    ingest.map((other) => `${one.name} -> ${other.name}:${other.settings.PIXELMESH_INGEST_GRPC_PORT}`),
  );
  return [...new Set([...edges, ...asked])].sort();
}

/** Returns every connection between services that the policies of one side allow. */
export function openEdges(objects: readonly KubeObject[], side: "ingress" | "egress"): string[] {
  const policies = ofKind(objects, "NetworkPolicy");
  const workloads = workloadsOf(objects);
  return workloads
    .flatMap((from) => workloads.map((to) => ({ from, to })))
    .flatMap(({ from, to }) =>
      (to.pod.spec?.containers[0]?.ports ?? [])
        .filter(({ name, containerPort }) => {
          const ports = [containerPort, name];
          return side === "egress"
            ? isAllowed(policies, from, side, to.labels, ports)
            : isAllowed(policies, to, side, from.labels, ports);
        })
        .map(({ containerPort }) => `${from.name} -> ${to.name}:${containerPort}`),
    )
    .sort();
}

/** Returns the faults of the rendered policies. */
export function networkFaults(objects: readonly KubeObject[]): string[] {
  const policies = ofKind(objects, "NetworkPolicy");
  const workloads = workloadsOf(objects);
  const needed = neededEdges(workloads);
  return [
    ...(["ingress", "egress"] as const).flatMap((side) => {
      const open = openEdges(objects, side);
      return [
        ...needed.filter((edge) => !open.includes(edge)).map((edge) => `closed, and needed: ${side} of ${edge}`),
        ...open.filter((edge) => !needed.includes(edge)).map((edge) => `open, and not needed: ${side} of ${edge}`),
      ];
    }),
    ...workloads.flatMap(({ name, labels }) => {
      const own = policies.filter(({ spec }) => selects(spec?.podSelector, labels));
      const types = new Set(own.flatMap(({ spec }) => spec?.policyTypes ?? []));
      return types.has("Ingress") && types.has("Egress") ? [] : [`${name} is open by default`];
    }),
    ...policies.flatMap((policy) =>
      rulesOf(policy)
        .filter(isUnbounded)
        .map(() => `${policy.metadata.name} allows any peer or port`),
    ),
  ];
}

/** Whether the policies of both sides let pods with these labels call the first port of a service. */
export function isAllowedTo(
  objects: readonly KubeObject[],
  labels: Readonly<Record<string, string>>,
  to: Workload,
): boolean {
  const policies = ofKind(objects, "NetworkPolicy");
  const [port] = to.pod.spec?.containers[0]?.ports ?? [];
  const ports = [port?.containerPort, port?.name];
  return (
    isAllowed(policies, { labels }, "egress", to.labels, ports) && isAllowed(policies, to, "ingress", labels, ports)
  );
}

function isAllowed(
  policies: readonly INetworkPolicy[],
  { labels }: Pick<Workload, "labels">,
  side: "ingress" | "egress",
  peerLabels: Readonly<Record<string, string>>,
  ports: readonly (number | string | undefined)[],
): boolean {
  return policies
    .filter(({ spec }) => selects(spec?.podSelector, labels))
    .flatMap(({ spec }) => (spec?.[side] ?? []) as Rule[])
    .some(
      ({ from, to, ports: open }) =>
        (open === undefined || open.some(({ port }) => ports.includes(port))) &&
        ((from ?? to) === undefined ||
          (from ?? to ?? []).some(
            ({ podSelector, namespaceSelector }) => !namespaceSelector && selects(podSelector, peerLabels),
          )),
    );
}

const rulesOf = ({ spec }: INetworkPolicy) => [
  ...((spec?.ingress ?? []) as Rule[]),
  ...((spec?.egress ?? []) as Rule[]),
];

/** Whether a rule has no ports, or neither peers nor ports. (Egress to any address on one port is allowed: an external broker may need it.) */
const isUnbounded = ({ from, to, ports }: Rule) =>
  ports === undefined || (from === undefined && to === undefined && ports.length === 0);
