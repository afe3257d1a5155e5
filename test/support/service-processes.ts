import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type Bus, listServices } from "@pixelmesh/bus";
import { compileCacheDir, serviceCommand } from "@pixelmesh/local-mesh";
import type { RoleName } from "@pixelmesh/roles";
import { freePorts } from "@pixelmesh/testing";

/** A service process: the test's name for it, and the `service` that runs. */
export type NamedService = { readonly name: string; readonly service: RoleName; readonly instance: string };

/** Services as separate processes, only with settings, as a cluster starts them. */
export type ServiceProcesses = {
  /** Settings of all of them, with their addresses. */
  readonly env: Readonly<Record<string, string>>;
  address(name: string): string;
  /** Standard error of a service. */
  errorOutput(name: string): string;
  metricsUrl(name: string): string;
  /** How many times a process ended without a signal. */
  exits(): number;
  kill(name: string, signal: NodeJS.Signals): void;
  [Symbol.asyncDispose](): Promise<void>;
};

/** Starts services on free ports of `host`. Resolves when the processes run, before they serve: see `allAnnounced`. */
export async function startServices(
  services: readonly NamedService[],
  settings: Readonly<Record<string, string>>,
  host = "127.0.0.1",
): Promise<ServiceProcesses> {
  const ports = await freePorts(services.length * 3);
  const portsOf = (name: string) => ports.slice(services.findIndex((each) => each.name === name) * 3);
  const address = (name: string) => `${host}:${portsOf(name)[0]}`;
  const addresses = services.map(({ name }) => [`PIXELMESH_${name.toUpperCase()}_ADDRESS`, address(name)]);
  const env: Record<string, string> = {
    PIXELMESH_STOP_GRACE: "2s",
    ...Object.fromEntries(addresses),
    ...settings,
  };
  const errorOutput = new Map<string, string>();
  const children = new Map<string, { readonly child: ChildProcess; readonly exited: Promise<unknown> }>();
  let exits = 0;
  let isStopping = false;
  for (const { name, service, instance } of services) {
    const [grpc, health, metrics] = portsOf(name);
    const area = `PIXELMESH_${service.toUpperCase()}`;
    const places = {
      PIXELMESH_INSTANCE: instance,
      [`${area}_GRPC_PORT`]: String(grpc),
      [`${area}_HEALTH_PORT`]: String(health),
      [`${area}_METRICS_PORT`]: String(metrics),
    };
    const [node, ...args] = serviceCommand(service, process.execPath);
    const child = spawn(node, args, {
      env: { NODE_COMPILE_CACHE: compileCacheDir(), ...process.env, ...env, ...places },
      stdio: ["ignore", "ignore", "pipe"],
    });
    const exited = once(child, "exit").then(() => {
      if (!isStopping) exits += 1;
    });
    child.stderr.on("data", (chunk: Buffer) => errorOutput.set(name, (errorOutput.get(name) ?? "") + chunk));
    children.set(name, { child, exited });
  }
  return {
    env,
    address,
    errorOutput: (name) => errorOutput.get(name) ?? "",
    metricsUrl: (name) => `http://127.0.0.1:${portsOf(name)[2]}/metrics`,
    exits: () => exits,
    kill: (name, signal) => void children.get(name)?.child.kill(signal),
    async [Symbol.asyncDispose]() {
      isStopping = true;
      for (const { child, exited } of children.values()) {
        child.kill("SIGCONT");
        child.kill("SIGKILL");
        await exited;
      }
    },
  };
}

/** Resolves when this many services are announced at the broker. Throws after 2 minutes, with their standard error. */
export async function allAnnounced(bus: Bus, count: number, errorOutput: () => unknown): Promise<void> {
  const untilMs = performance.now() + 120_000;
  for (;;) {
    // The bucket is missing until the first service creates it.
    const known = await listServices(bus).catch(() => []);
    if (known.length === count) return;
    if (performance.now() > untilMs) throw new Error(`The services did not start: ${JSON.stringify(errorOutput())}`);
    await new Promise((next) => setTimeout(next, 100));
  }
}
