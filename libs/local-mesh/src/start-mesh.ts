import { resolve } from "node:path";
import type { Env } from "@pixelmesh/config";
import { AppError } from "@pixelmesh/errors";
import { type RoleName, roleNames } from "@pixelmesh/roles";
import { version } from "@pixelmesh/service";
import type { Child } from "./child.ts";
import { drain } from "./drain.ts";
import { createFactsKeeper } from "./facts-keeper.ts";
import { type Launched, launch, logPathOf, logsDirOf } from "./launch.ts";
import { claimMeshFile, type MeshProcess } from "./mesh-file.ts";
import { assertPortsFree, fixedPorts, type MeshPorts, meshPortCount, portsFrom, portsOutOf } from "./ports.ts";
import { type ReservedPorts, reservePorts } from "./reserve-ports.ts";
import { assertCheckout, type ServiceCommand, serviceCommand } from "./services.ts";
import type { Restart } from "./supervise.ts";

/** What a mesh tells of itself while it runs. */
export type MeshEvent =
  | { readonly kind: "broker"; readonly url: string; readonly pid: number }
  | { readonly kind: "ready"; readonly service: MeshProcess }
  | ({ readonly kind: "restarted"; readonly name: RoleName | "broker" } & Restart)
  | { readonly kind: "error"; readonly name: RoleName; readonly text: string }
  /** Something failed that the mesh goes on without, such as its logs, or works again. */
  | { readonly kind: "trouble"; readonly text: string };

/** How a mesh is started. */
export type MeshOptions = {
  /** For broker, blobs, logs and mesh.json; kept over restarts. */
  readonly dataDir: string;
  /** `fixed`: the ports people know, or those of the variables; `free`: whichever are; a number: from there on. */
  readonly ports: "fixed" | "free" | number;
  /** What the services inherit. */
  readonly env: Env;
  readonly modelsDirs?: readonly string[];
  /** Default: all. */
  readonly services?: readonly RoleName[];
  readonly onEvent?: (event: MeshEvent) => void;
  readonly signal?: AbortSignal;
  /** How a service is run; default: the one of this project. */
  readonly command?: (name: RoleName) => ServiceCommand;
};

/** A broker and services as child processes on loopback, looked after until they are stopped. */
export type Mesh = {
  /** Of ingest: all that a client needs. */
  readonly address: string;
  readonly dataDir: string;
  broker(): { readonly url: string; readonly pid: number };
  /** The processes as they run now. */
  processes(): readonly MeshProcess[];
  /** Sends a signal to one process, as an operator or a crash would. */
  kill(name: RoleName | "broker", signal: NodeJS.Signals): void;
  /** Where the logs of all services are, one file each. */
  readonly logsDir: string;
  logPath(name: RoleName): string;
  /** Drains in order within `graceMs` (default 25 s); what still runs then is killed. */
  stop(graceMs?: number): Promise<void>;
  /** Kills everything, now. */
  stopNow(): void;
};

const host = "127.0.0.1";
const portTries = 5;
const stopGraceMs = 25_000;

/**
 * Starts a mesh and resolves when all its services serve. Throws SERVICE_UNAVAILABLE where the data directory is in use, a
 * port is taken or a service ends before it serves (with its last words), BROKER_UNAVAILABLE where the broker does not
 * start. Nothing is left running then.
 */
export async function startMesh(options: MeshOptions): Promise<Mesh> {
  const { env, services: names = roleNames, onEvent = () => {} } = options;
  if (options.command === undefined) assertCheckout();
  const dataDir = resolve(options.dataDir);
  const file = await claimMeshFile(dataDir, version);
  let reserved: ReservedPorts | undefined;
  let ports: MeshPorts = fixedPorts({});
  let launched: Launched | undefined;

  function toProcess(name: RoleName, { pid }: Child): MeshProcess {
    const { grpc, health, metrics } = ports[name];
    const metricsUrl = `http://${host}:${metrics}/metrics`;
    return { name, pid, grpc: `${host}:${grpc}`, health: `${host}:${health}`, metrics: metricsUrl };
  }
  function toProcesses({ services }: Launched): MeshProcess[] {
    return [...services].map(([name, { current }]) => toProcess(name, current()));
  }
  function toBroker({ broker }: Launched): { url: string; pid: number } {
    const { url, pid } = broker.current();
    return { url, pid };
  }
  const onTrouble = (text: string) => onEvent({ kind: "trouble", text });
  const keepFacts = createFactsKeeper((facts) => file.write(facts), onTrouble);
  function writeFacts(): void {
    if (launched === undefined) return;
    keepFacts({ version, pid: process.pid, broker: toBroker(launched), services: toProcesses(launched) });
  }
  const launchNow = () =>
    launch({
      dataDir,
      host,
      ports,
      brokerPort: reserved?.ports[meshPortCount] ?? 0,
      names,
      env,
      modelsDirs: options.modelsDirs ?? [],
      command: options.command ?? ownCommand,
      signal: options.signal,
      onBroker: ({ url, pid }) => onEvent({ kind: "broker", url, pid }),
      onReady: (name, child) => onEvent({ kind: "ready", service: toProcess(name, child) }),
      onError: (name, text) => onEvent({ kind: "error", name, text }),
      onTrouble,
      onRestart(name, restart) {
        writeFacts();
        onEvent({ kind: "restarted", name, ...restart });
      },
    });

  async function choosePorts(): Promise<MeshPorts> {
    // The broker's port is one of these even where those of the services are given.
    reserved = await reservePorts(host, meshPortCount + 1);
    if (options.ports === "free") return portsOutOf(reserved.ports);
    const given = options.ports === "fixed" ? fixedPorts(env) : portsFrom(options.ports);
    await assertPortsFree(given, names, host);
    return given;
  }

  async function launchOnPorts(): Promise<Launched> {
    for (let tries = 1; ; tries += 1) {
      ports = await choosePorts();
      try {
        return await launchNow();
      } catch (error) {
        reserved?.release();
        // Another program took a port between our look and the service's. The next try looks again, and names it where ports are given.
        if (tries === portTries || !(error instanceof AppError && error.metadata.portTaken)) throw error;
      }
    }
  }
  function release(): void {
    file.remove();
    reserved?.release();
  }

  try {
    launched = await launchOnPorts();
    writeFacts();
  } catch (error) {
    release();
    throw error;
  }
  const mesh = launched;
  let stopping: Promise<void> | undefined;
  return {
    address: `${host}:${ports.ingest.grpc}`,
    dataDir,
    broker: () => toBroker(mesh),
    processes: () => toProcesses(mesh),
    kill: (name, signal) => (name === "broker" ? mesh.broker : mesh.services.get(name))?.current().kill(signal),
    logsDir: logsDirOf(dataDir),
    logPath: (name) => logPathOf(dataDir, name),
    stop(graceMs = stopGraceMs) {
      stopping ??= drain(mesh, graceMs).finally(release);
      return stopping;
    },
    stopNow() {
      for (const service of mesh.services.values()) service.stopNow();
      mesh.broker.stopNow();
      release();
    },
  };
}

function ownCommand(name: RoleName): ServiceCommand {
  return serviceCommand(name, process.execPath, { preload: new URL("./parent-watch.ts", import.meta.url) });
}
