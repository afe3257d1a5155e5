import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { KubeObject } from "./objects.ts";
import { type Workload, workloadsOf } from "./objects.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** The plan to run a rendered pod as a process on this machine. */
export type PodPlan = {
  readonly name: string;
  readonly workload: Workload;
  /** Its own loopback address, because a pod has its own network. */
  readonly ip: string;
  readonly env: Readonly<Record<string, string>>;
  /** Variables that differ from the rendered ones, with the reason. */
  readonly rewritten: Readonly<Record<string, "names" | "paths" | "network">>;
};

/**
 * Plans the pods of a render. Each has exactly its rendered environment, except for three things that only a cluster has: names of
 * services and of the broker become addresses (names), mount paths become folders of the pod below `dir` (paths), and the address
 * 0.0.0.0 becomes the pod's own (network).
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
    if (found.length === 0 || found[0] === undefined) throw new Error(`No pod has the address ${target}`);
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
    const rewritten: Record<string, "names" | "paths" | "network"> = {};
    const env = Object.entries(given).map(([key, value]) => {
      if (key === "PIXELMESH_HOST" && value === "0.0.0.0") {
        rewritten[key] = "network";
        return [key, ip];
      }
      if (/^(dns|nats|tls):\/\//.test(value)) {
        rewritten[key] = "names";
        return [key, !value.startsWith("dns") ? brokerUrl : value.split(",").map(resolve).join(",")];
      }
      const mount = (container?.volumeMounts ?? []).find(
        ({ mountPath }) => value === mountPath || value.startsWith(`${mountPath}/`),
      );
      if (mount === undefined) return [key, value];
      rewritten[key] = "paths";
      mkdirSync(join(dir, name, mount.mountPath), { recursive: true });
      return [key, join(dir, name, value)];
    });
    return { name, workload, ip, env: Object.fromEntries(env), rewritten };
  });
}

/** Returns Node's arguments for a role: the main file of its pruned tree if `make check-deploy` has built it, else the sources. */
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
  /** The high-water mark of its memory, inference hosts included, in MiB. */
  peakMib(): number;
  /** Sends SIGTERM, as Kubernetes does after preStop. Returns the exit code and the time in milliseconds. */
  stop(): Promise<{ code: number | null; ms: number }>;
};

/** Starts a pod with its rendered arguments and environment. Of this process's environment it gets PATH only. */
export function startPod(plan: PodPlan): PodProcess {
  const args = plan.workload.pod.spec?.containers[0]?.args ?? [];
  const child = spawn(process.execPath, [...commandOf(plan.workload.role), ...args], {
    env: { PATH: process.env.PATH, ...plan.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const keep = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-64 * 1024);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  return {
    ...plan,
    child,
    log: () => output,
    peakMib: () => peakMibOf(child.pid ?? 0),
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

function peakMibOf(pid: number): number {
  const kib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim().split(" ").filter(Boolean);
  return Number(kib) / 1024 + children.reduce((sum, child) => sum + peakMibOf(Number(child)), 0);
}

/** Returns the open connections between pods as `caller -> service:port`, from the kernel's list. */
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
      // On the accepting side the remote port is ephemeral, 10,000 or higher.
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
