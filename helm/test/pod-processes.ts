import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KubeObject } from "./objects.ts";
import { type Workload, workloadsOf } from "./objects.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** One pod of a render as it is to run here, with what differs from what Kubernetes would give it. */
export type PodPlan = {
  readonly name: string;
  readonly workload: Workload;
  /** An address of loopback of its own: a pod has a network of its own. */
  readonly ip: string;
  readonly env: Readonly<Record<string, string>>;
  /** Variables whose text is not what the chart rendered, and why. */
  readonly rewritten: Readonly<Record<string, "names" | "places" | "network">>;
};

/**
 * The pods of a render, each with exactly its rendered environment but for three things that only a cluster has: names of services
 * become addresses of their pods, the broker's that of the one here (names); mount paths become folders of the pod's own below
 * `dir` (places); and "every address of this pod" becomes the pod's one (network).
 */
export function planPods(
  objects: readonly KubeObject[],
  options: { dir: string; subnet: string; brokerUrl: string },
): PodPlan[] {
  const { dir, subnet, brokerUrl } = options;
  const pods = workloadsOf(objects).flatMap((workload) =>
    Array.from({ length: workload.object.spec?.replicas ?? 1 }, (_, at) => ({
      workload,
      name: `${workload.object.metadata.name}-${at}`,
    })),
  );
  const ips = new Map(pods.map(({ name }, at) => [name, `${subnet}.${at + 1}`]));
  const podsOf = (service: string) =>
    pods.filter(({ workload }) => workload.object.metadata.name === service).map(({ name }) => ips.get(name));

  const resolve = (target: string): string => {
    const [, host = "", port = ""] = /^dns:\/\/\/([^:]+):(\d+)$/.exec(target) ?? [];
    const [podOrService = "", service] = host.split(".");
    const found = service === undefined ? podsOf(podOrService) : [ips.get(podOrService)];
    if (found.length === 0 || found[0] === undefined) throw new Error(`No pod answers to ${target}`);
    const all = found.map((ip) => `${ip}:${port}`);
    return all.length === 1 ? (all[0] ?? "") : `ipv4:${all.join(",")}`;
  };

  return pods.map(({ name, workload }) => {
    const ip = ips.get(name) ?? "";
    const [container] = workload.pod.spec?.containers ?? [];
    const fields: Readonly<Record<string, string>> = { "metadata.name": name, "status.podIP": ip };
    const own = (container?.env ?? []).map(({ name: key, value, valueFrom }) => [
      key,
      value ?? fields[valueFrom?.fieldRef?.fieldPath ?? ""] ?? "",
    ]);
    const given: Record<string, string> = { ...workload.settings, ...Object.fromEntries(own) };
    const rewritten: Record<string, "names" | "places" | "network"> = {};
    const env = Object.entries(given).map(([key, value]) => {
      if (key === "PIXELMESH_HOST" && value === "0.0.0.0") {
        rewritten[key] = "network";
        return [key, ip];
      }
      if (value.startsWith("dns:///") || value.startsWith("nats://")) {
        rewritten[key] = "names";
        return [key, value.startsWith("nats") ? brokerUrl : value.split(",").map(resolve).join(",")];
      }
      const mount = (container?.volumeMounts ?? []).find(
        ({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`),
      );
      if (mount === undefined) return [key, value];
      rewritten[key] = "places";
      const place = join(dir, name, value);
      mkdirSync(join(dir, name, mount.mountPath), { recursive: true });
      return [key, place];
    });
    return { name, workload, ip, env: Object.fromEntries(env), rewritten };
  });
}

/** What the image of a role runs: its pruned tree, where `make check-deploy` has just made them; else the sources. */
export function commandOf(role: string): string[] {
  const tree = join(root, "out/images", role, "dist/main.js");
  if (process.env.PIXELMESH_IMAGE_TREES === "true" && existsSync(tree))
    return ["--disable-warning=ExperimentalWarning", tree];
  return [
    "--conditions=development",
    "--disable-warning=ExperimentalWarning",
    join(root, "services", role, "src/main.ts"),
  ];
}

/** A running pod. */
export type PodProcess = PodPlan & {
  readonly child: ChildProcess;
  log(): string;
  /** SIGTERM, as after preStop; answers the exit code, and how long that took. */
  stop(): Promise<{ code: number | null; ms: number }>;
};

/** Starts a pod with its rendered arguments and nothing of this process's own environment but the way to node. */
export function startPod(plan: PodPlan): PodProcess {
  const args = plan.workload.pod.spec?.containers[0]?.args ?? [];
  const child = spawn(process.execPath, [...commandOf(plan.workload.role), ...args], {
    env: { PATH: process.env.PATH, ...plan.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let said = "";
  const keep = (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-64 * 1024);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return {
    ...plan,
    child,
    log: () => said,
    async stop() {
      const startMs = performance.now();
      if (child.exitCode === null) {
        child.kill("SIGTERM");
        await once(child, "exit");
      }
      return { code: child.exitCode, ms: performance.now() - startMs };
    },
  };
}

/** Connections that are open between pods now, as the kernel lists them: `caller -> service:port`. */
export function connectionsBetween(pods: readonly PodProcess[]): string[] {
  const byIp = new Map(pods.map((pod) => [toHex(pod.ip), pod.workload.name]));
  const bySocket = new Map<string, string>();
  for (const { child, workload } of pods) {
    const fds = `/proc/${child.pid}/fd`;
    for (const fd of readdirSync(fds)) {
      try {
        bySocket.set(/^socket:\[(\d+)\]$/.exec(readlinkSync(join(fds, fd)))?.[1] ?? "", workload.name);
      } catch {
        // Closed meanwhile.
      }
    }
  }
  const established = "01";
  return readFileSync("/proc/net/tcp", "utf8")
    .trim()
    .split("\n")
    .slice(1)
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , , state]) => state === established)
    .flatMap(([, , remote = "", , , , , , , inode = ""]) => {
      const [ip = "", port = ""] = remote.split(":");
      const [from, to] = [bySocket.get(inode), byIp.get(ip)];
      // The accepted end has an ephemeral port on its far side.
      return from && to && Number.parseInt(port, 16) < 10_000 ? [`${from} -> ${to}:${Number.parseInt(port, 16)}`] : [];
    })
    .filter((edge, at, all) => all.indexOf(edge) === at)
    .sort();
}

const toHex = (ip: string) =>
  ip
    .split(".")
    .reverse()
    .map((part) => Number(part).toString(16).padStart(2, "0"))
    .join("")
    .toUpperCase();
